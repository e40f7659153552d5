"""Which of a run's checkpoints is loaded: the newest intact one, the best, or that of a step."""

import warnings

from honmono.errors import Failed, Refused
from honmono.runs import evaluations
from honmono.runs.checkpoints import Checkpoint, read, read_newest
from honmono.runs.directory import RunDirectory


def newest(directory: RunDirectory) -> Checkpoint:
    """The newest intact checkpoint. Raises `Failed` where none is intact."""
    saved, damaged = read_newest(directory.checkpoints)
    for line in damaged if saved else ():
        warnings.warn(f"{line}; using an older one", stacklevel=4)
    if saved is None:
        none = f"{directory.path} has no checkpoint yet: wait until its training saves one, or resume it"
        raise Failed(damaged[0] if damaged else none)
    return saved


def chosen(directory: RunDirectory, which: str) -> Checkpoint:
    """The checkpoint of a step, or the best one. Raises `Refused` where there is none."""
    steps = directory.checkpoint_steps()
    if which == "best":
        best = evaluations.best(directory)
        if best is None:
            raise Refused(
                f"{directory.path} has no best checkpoint: {evaluations.why_no_best(directory)};"
                " omit --checkpoint for the newest"
            )
        which = str(best)
    if not which.isdecimal() or int(which) not in steps:
        known = ", ".join(map(str, steps)) or "none"
        raise Refused(f"--checkpoint {which}: give best, newest or a saved step ({known})")
    return read(directory.checkpoint(int(which)))
