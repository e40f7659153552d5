"""`honmono plot`: all figures of a run, from its directory."""

from pathlib import Path

import numpy as np

from honmono.errors import Refused
from honmono.files import readable, refuse_unwritable
from honmono.reports.figures.curves import curves
from honmono.reports.figures.film import film, frames
from honmono.reports.figures.landscape import landscape, landscapes_in, load, mixture
from honmono.reports.figures.measured import measured
from honmono.runs.directory import RunDirectory
from honmono.runs.evaluations import best, of_training
from honmono.runs.log import read


MOST_LANDSCAPES = 60  # of more, evenly spaced ones are drawn: each takes half a second


def plot(run: str | Path, out: str | Path | None = None) -> list[Path]:
    """Draws `curves.png`, `metrics.png` (with evaluations during training) and `film.gif` (with two grids or more).

    For points in the plane also `mixture.png`, the frames `landscape/<step>.png` and the film `landscape.gif`.
    out: the directory; None: the run's `plots`.
    Returns the paths of the files, of films without their frames. The run may still be training.
    """
    directory = RunDirectory.open(Path(run))
    columns = read(directory)
    if not columns:
        raise Refused(f"'{directory.path}' has an empty log: train it first")
    out = directory.path / "plots" if out is None else Path(out)
    refuse_unwritable(out, "give another path with --out")
    out.mkdir(parents=True, exist_ok=True)
    written = [out / "curves.png"]
    name = readable(directory.path.resolve().name)
    curves(columns, written[0], title=f"{name}, step {columns['step'][-1]:,}")
    if lines := of_training(directory):
        written.append(out / "metrics.png")
        measured(lines, best(directory), written[-1], title=name)
    if len(pictures := frames(directory.samples)) > 1:
        written.append(out / "film.gif")
        film(pictures, written[-1])
    return written + _landscapes(directory, out)


def _landscapes(run: RunDirectory, out: Path) -> list[Path]:
    """The figures of points in the plane, of at most MOST_LANDSCAPES steps."""
    reals, steps = run.samples / "real.npz", landscapes_in(run.samples)
    if not reals.is_file() or not steps:
        return []
    with np.load(reals, allow_pickle=False) as file:
        points, modes = file["points"], int(file["modes"])
    written = []
    if 0 < modes <= len(points):
        written.append(out / "mixture.png")
        mixture(points, modes, written[-1])
    frames_at = out / "landscape"
    frames_at.mkdir(exist_ok=True)
    some = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), MOST_LANDSCAPES)).round().astype(int))
    drawn = [frames_at / f"{steps[index].stem}.png" for index in some]
    for index, path in zip(some, drawn, strict=True):
        landscape(load(steps[index]), points, path, title=f"step {int(path.stem):,}")
    if len(drawn) > 1:
        film(drawn, out / "landscape.gif")
        drawn = [out / "landscape.gif"]
    return written + drawn
