"""The tab Points: generated points, contours of the discriminator and the true potential, step by step."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import APIRouter, Response

from honmono.errors import Refused
from honmono.reports.figures.landscape import landscape_figure, landscapes_in, load
from honmono.reports.figures.style import png
from honmono.studio.folders import inside
from honmono.studio.parts import Studio
from honmono.studio.run_state import cards


KEPT = 400  # drawn figures, of 60 KB each


def router(studio: Studio) -> APIRouter:
    """The addresses of the tab."""
    tab = APIRouter(prefix="/points")
    folders = studio.folders

    @tab.get("")
    def page(run: str = "") -> Response:
        found = [card for card in cards(folders, studio.trainings) if card.points]
        chosen = folders.run(run).path.name if run else next((card.name for card in found), "")
        if chosen and chosen not in [card.name for card in found]:
            raise Refused(f"{chosen} generates pictures: see it in Explore")
        return studio.page("points.html", tab="points", cards=found, run=chosen)

    @tab.get("/{name}/steps")
    def steps(name: str) -> dict[str, Any]:
        """The steps that have a figure."""
        return {"steps": [int(path.stem) for path in landscapes_in(folders.run(name).samples)]}

    @tab.get("/{name}/{step}.png")
    def figure(name: str, step: int) -> Response:
        run = folders.run(name)
        path = run.samples / f"{step:09d}.npz"
        reals = run.samples / "real.npz"
        if step < 0 or not path.is_file() or not reals.is_file():
            raise Refused(f"{name} has no points of step {step}")
        stored = [inside(run.path, one) for one in (path, reals)]
        return Response(_drawn(*stored, path.stat().st_mtime_ns, step), media_type="image/png")

    return tab


@lru_cache(maxsize=KEPT)
def _drawn(path: Path, reals: Path, changed: int, step: int) -> bytes:
    """The figure of a stored step, as it was changed last."""
    with np.load(reals, allow_pickle=False) as file:
        points = file["points"]
    return png(landscape_figure(load(path), points, f"step {step:,}"))
