"""`honmono compare`: several runs in one table, if their numbers were measured under equal conditions."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from honmono.errors import Refused
from honmono.files import as_utf8, atomic_write_bytes
from honmono.reports.comparison import agreement, numbers, summary
from honmono.reports.comparison.comparison import Comparison
from honmono.reports.comparison.numbers import Which
from honmono.reports.comparison.page import page
from honmono.reports.html import write_page


def compare(
    runs: Sequence[str | Path], *, mixed: bool = False, checkpoint: Which = "newest", out: str | Path | None = None
) -> Comparison:
    """Several runs' numbers side by side, from their directories alone.

    A run's numbers are those of its newest evaluated checkpoint; of what was measured during training where nobody has
    evaluated the run. checkpoint: "best": those of the checkpoint that was best during training.
    mixed: numbers that cannot be compared are marked instead of refused. out: FILE.html or FILE.csv to write.
    Raises `Refused` where a run has no numbers, or where conditions differ.
    """
    if out is not None and Path(out).suffix not in (".html", ".csv"):
        raise Refused(f"--out {out}: a comparison is written as a .html page or a .csv table")
    if checkpoint not in ("newest", "best"):
        raise Refused(f"--checkpoint {checkpoint}: newest or best")
    read = summary.read([Path(run) for run in runs])
    if len(read) < len(runs):
        warnings.warn("a run is given twice: its second mention is ignored", stacklevel=2)
    measured = numbers.measured([run.run for run in read], checkpoint)
    found = agreement.agreements(measured)
    if not mixed:
        agreement.refuse_mixed(read, found.values())
    made = Comparison(read, measured, found)
    if out is not None:
        _write(made, Path(out))
    return made


def _write(made: Comparison, out: Path) -> None:
    """Writes FILE.html or FILE.csv, whole or not at all."""
    if out.suffix == ".html":
        write_page(out, page(made))
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_bytes(out, as_utf8(made.csv()))
