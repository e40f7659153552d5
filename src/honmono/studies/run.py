"""`honmono study`: trains the cases of an article's experiment one by one and writes a page. Can be resumed."""

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from honmono.data.choose import absolute
from honmono.errors import Diverged, Interrupted, Refused
from honmono.files import write_json
from honmono.reports.html import write_page
from honmono.studies.measure import measure_moments
from honmono.studies.meter import train_to_moments
from honmono.studies.page import page
from honmono.studies.plan import Planned, open_data, plan
from honmono.studies.results import results
from honmono.studies.state import StudyState
from honmono.studies.study import Study, find_study
from honmono.training.options import TrainOptions
from honmono.training.train import train


def study(
    study: str | Study,
    out: str | Path | None = None,
    *,
    scale: float | None = None,
    data: str | None = None,
    seeds: int | None = None,
    device: str = "auto",
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Trains and measures what is missing of a study. Returns its page, `<name>.html` in `out`, beside `<name>.json`.

    study: the name of a study that comes with honmono, or a `honmono.studies.Study` of your own.
    out: its directory; None: runs/study-NAME, with the scale appended. A study in it is resumed with its own options.
    scale: share of the steps to train.
    data: source of the pictures, as for `train`; None: each recipe's own.
    seeds: number of seeds of each case; None: the study's own.
    device: as for `train`.
    changes: dotted fields of every case and their new values.

    Raises `Refused` for an invalid call before anything is created, and `Interrupted` after SIGINT or SIGTERM, once the
    current run has been saved. A run that diverges is a result: the study continues with the next one.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise Refused("a study runs in one process: call honmono study without torchrun")
    chosen = find_study(study) if isinstance(study, str) else study
    out = default_out(chosen.name, scale) if out is None else Path(out)
    source = None if data is None else absolute(data)
    given = {"scale": scale, "data": source, "seeds": seeds, "changes": changes or None}
    state = StudyState.open(out, chosen.name, given)
    planned = plan(chosen, state.options, out)
    with _resumable(shlex.join(["honmono", "study", chosen.name, "--out", str(out)])):
        open_data([one for one in planned if not one.finished])
        state.write()
        for number, one in enumerate(planned, 1):
            state = _train(one, f"{number} of {len(planned)}", state, device)
            measure_moments(one, chosen.sampler_steps, device)
        found = results(chosen, planned, state)
        write_json(out / f"{chosen.name}.json", found)
        return write_page(out / f"{chosen.name}.html", page(chosen, planned, state, found["rows"]))


def default_out(name: str, scale: float | None) -> Path:
    """The directory of a study without `--out`; a scaled study has a directory of its own."""
    return Path("runs") / (f"study-{name}" if scale in (None, 1) else f"study-{name}-{scale:g}")


@contextmanager
def _resumable(command: str) -> Iterator[None]:
    """Where this is interrupted, the error names the command that resumes."""
    try:
        yield
    except (Interrupted, KeyboardInterrupt) as stopped:
        number = stopped.code - 128 if isinstance(stopped, Interrupted) else signal.SIGINT
        raise Interrupted(number, f"stopped, and the current run is saved; resume with: {command}") from stopped


def _train(one: Planned, progress: str, state: StudyState, device: str) -> StudyState:
    """Trains or resumes one run. Returns the state, with the run added where it diverged."""
    if why := state.why_diverged(one.run):
        _say(f"{progress}: {one.name}: skipped, it diverged ({why}); delete '{one.run.path}' to train it again")
        return state
    if one.finished:
        _say(f"{progress}: {one.name}: already trained")
        return state
    moments = one.moments
    length = ", ".join(moments.names) if moments and moments.names else f"{one.recipe.training.steps:,} steps"
    _say(f"{progress}: {one.name}: {one.case.recipe}, {length}")
    options: dict[str, Any] = {"data": state.options.data, "seed": one.seed, "changes": one.changes, "device": device}
    try:
        if moments is None:
            train(one.case.recipe, run=one.run.path, **options)
        else:
            options |= {"run": one.run.path, "images": moments.last_images}
            train_to_moments(TrainOptions(recipe=one.case.recipe, **options), moments)
    except Diverged as diverged:
        _say(f"{one.name}: {diverged}")
        return state.with_diverged(one.run, str(diverged))
    return state


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
