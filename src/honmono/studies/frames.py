"""A run's pictures at given shares of its training, and what its discriminator and its losses were at such a moment."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from honmono.reports.comparison.pictures import embedded
from honmono.reports.comparison.summary import Summary
from honmono.reports.figures import film
from honmono.reports.figures.landscape import drawn, extremes, kept, load
from honmono.reports.figures.style import png
from honmono.reports.html import Picture
from honmono.studies.study import Trace


SIDE = 2.6  # inches of a landscape's panel
MOST_BYTES = 48 * 1024  # of a grid of pictures: a study shows many
COLOURS = 128  # of a landscape
NEAR = 0.06  # of the training: pictures farther from the requested moment are not used
PARTS = ("discriminator.", "generator.")  # of the log's losses

Found = TypeVar("Found")


@dataclass(frozen=True)
class Frames:
    """A run as a film of few frames. images: that its training is to see in all. epoch: images in one pass."""

    run: Summary
    images: float
    epoch: int | None

    def shown(self, shares: Sequence[float]) -> dict[str, list[Picture]]:
        """The pictures nearest to these shares of the training, by the name of their grid, "" first."""
        places = {path: self._seen(int(path.stem)) for path in film.frames(self.run.run.samples)}
        if not places:
            return {}
        near = [min(places, key=lambda path: abs(places[path] - share * self.images)) for share in shares]
        found: dict[str, list[Picture]] = {}
        for path in dict.fromkeys(near):
            for name, picture in self._pictures(path):
                found.setdefault(name, []).append(picture)
        return found

    def numbers(self, trace: Trace, share: float) -> tuple[float, float] | None:
        """The two numbers of a trace at the moment nearest to this share; None where none is near."""
        if trace.of == "contours":
            landscapes = {self._seen(int(path.stem)): path for path in kept(self.run.run.samples)}
            path = _nearest(landscapes, share * self.images, NEAR * self.images)
            return extremes(load(path).values["scores"]) if path else None
        images = self.run.log.get("images", [])
        rows = {seen: row for row, seen in enumerate(images) if seen is not None}
        row = _nearest(rows, share * self.images, NEAR * self.images)
        if row is None:
            return None
        first, second = (self._loss(player, row) for player in PARTS)
        return first, second

    def _loss(self, player: str, row: int) -> float:
        return sum(values[row] or 0.0 for name, values in self.run.log.items() if name.startswith(player))

    def _seen(self, step: int) -> float:
        """Images seen at a step; between the log's rows, in proportion."""
        return float(np.interp(step, self._steps, self._images))

    @cached_property
    def _steps(self) -> list[float]:
        return [0.0, *(float(step or 0) for step in self.run.log.get("step", []))]

    @cached_property
    def _images(self) -> list[float]:
        return [0.0, *(float(images or 0) for images in self.run.log.get("images", []))]

    def _pictures(self, path: Path) -> list[tuple[str, Picture]]:
        """All that was pictured at a step: the landscape, if there is one, else every grid."""
        step, seen = int(path.stem), self._seen(int(path.stem))
        told = f"step {step:,}" if self.epoch is None else f"epoch {round(seen / self.epoch, 2):,g}, step {step:,}"
        landscape, reals = path.with_suffix(".npz"), path.with_name("real.npz")
        if landscape.is_file() and reals.is_file():
            with np.load(reals, allow_pickle=False) as file:
                data = png(drawn(load(landscape), file["points"], "", SIDE))
            return [("", Picture(_fewer_colours(data), "png", told))]
        grids = [path, *sorted(path.parent.glob(f"{path.stem}-*.png"))]
        names = [grid.stem.removeprefix(path.stem).removeprefix("-") for grid in grids]
        return [
            (name, replace(one, more=""))
            for name, grid in zip(names, grids, strict=True)
            for one in embedded(grid.read_bytes(), told, MOST_BYTES)
        ]


def _fewer_colours(data: bytes) -> bytes:
    """A drawing as a PNG of a third of its bytes: it has few colours."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(data)) as opened:
        opened.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _nearest(places: Mapping[float, Found], images: float, within: float) -> Found | None:
    """What stands nearest to a number of images, if that is near enough."""
    near = min(places, key=lambda seen: abs(seen - images), default=None)
    return None if near is None or abs(near - images) > within else places[near]
