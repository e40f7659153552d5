"""`honmono plot`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option


def plot(
    run: Annotated[Path, Argument(help="a run directory")],
    out: Annotated[Path | None, Option(help="directory of the figures; RUN/plots by default")] = None,
) -> None:
    """Plot a run's losses, learning rates and speed, and make a film of its samples."""
    from honmono.reports.figures.run import plot as plot_run

    for path in plot_run(run, out):
        print(path)
