"""`honmono compare`: several runs in one table, if their numbers were measured alike."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from honmono.errors import Refused
from honmono.reports.comparison import agreement, numbers, summary
from honmono.reports.comparison.comparison import Comparison, refuse_other
from honmono.reports.comparison.numbers import Which


def compare(
    runs: Sequence[str | Path], *, mixed: bool = False, checkpoint: Which = "newest", out: str | Path | None = None
) -> Comparison:
    """Several runs' numbers side by side, from their directories alone.

    A run's numbers are those of its newest evaluated checkpoint; of what was measured during training where nobody has
    evaluated the run. checkpoint: "best": those of the checkpoint that was best during training.
    mixed: numbers that were not measured alike are marked instead of refused. out: FILE.html or FILE.csv to write.
    Raises `Refused` where a run has no numbers, or where protocols differ.
    """
    if out is not None:
        refuse_other(Path(out))
    if checkpoint not in ("newest", "best"):
        raise Refused(f"--checkpoint {checkpoint}: newest or best")
    read = summary.read([Path(run) for run in runs])
    if len(read) < len(runs):
        warnings.warn("a run that is named twice is shown once", stacklevel=2)
    measured = numbers.measured([run.run for run in read], checkpoint)
    found = agreement.agreements(measured)
    if not mixed:
        agreement.refuse_mixed(read, found)
    made = Comparison(read, measured, found)
    if out is not None:
        made.write(out)
    return made
