"""`honmono compare`: reads several runs and compares their numbers, as a `Comparison`."""

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
    """Compares the numbers of several runs, from their directories.

    mixed: marks numbers that are not comparable instead of refusing them.
    checkpoint: "newest": the newest evaluated checkpoint, or the newest measured one during training if the run was not
        evaluated later. "best": the checkpoint that was best during training.
    out: FILE.html or FILE.csv to write.
    Raises `Refused` where a run has no numbers, or where conditions differ.
    """
    if out is not None and Path(out).suffix not in (".html", ".csv"):
        raise Refused(f"--out {out}: give a .html or .csv file")
    if checkpoint not in ("newest", "best"):
        raise Refused(f"--checkpoint {checkpoint}: give newest or best")
    read = summary.read([Path(run) for run in runs])
    if len(read) < len(runs):
        warnings.warn("a run is given twice: the second one is ignored", stacklevel=2)
    measured = numbers.read([run.run for run in read], checkpoint)
    found = agreement.agreements(measured)
    if not mixed:
        agreement.refuse_mixed(read, found.values())
    made = Comparison(read, measured, found)
    if out is not None:
        _write(made, Path(out))
    return made


def _write(made: Comparison, out: Path) -> None:
    """Writes FILE.html or FILE.csv, atomically."""
    if out.suffix == ".html":
        write_page(out, page(made))
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_bytes(out, as_utf8(made.csv()))
