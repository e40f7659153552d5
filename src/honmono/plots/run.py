"""All pictures of one run, from its directory alone."""

from pathlib import Path

from honmono.errors import Refused
from honmono.plots.curves import curves
from honmono.plots.film import film, frames
from honmono.plots.measured import measured
from honmono.runs.directory import RunDirectory
from honmono.runs.log import read
from honmono.runs.measurements import best, of_training


def plot(run_dir: Path, out: Path | None = None) -> list[Path]:
    """Draws `curves.png`, `metrics.png` (where some were measured) and `film.gif` (of two samples or more).

    Returns what was written.

    out: where to; the run's `plots` directory by default. The run may be unfinished, or still going on.
    """
    run = RunDirectory.open(run_dir)
    columns = read(run)
    if not columns:
        raise Refused(f"'{run.path}' has logged nothing yet; train it for a step first")
    out = out or run.path / "plots"
    out.mkdir(parents=True, exist_ok=True)
    written = [out / "curves.png"]
    curves(columns, written[0], title=f"{run.path.resolve().name}, step {columns['step'][-1]:,}")
    if lines := of_training(run):
        written.append(out / "metrics.png")
        measured(lines, best(run), written[-1], title=run.path.resolve().name)
    if len(pictures := frames(run.samples)) > 1:
        written.append(out / "film.gif")
        film(pictures, written[-1])
    return written
