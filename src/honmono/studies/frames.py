"""A run's samples, scores and losses at given shares of its training."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from honmono.reports.comparison.pictures import embedded
from honmono.reports.comparison.summary import Summary
from honmono.reports.figures import film
from honmono.reports.figures.landscape import extremes, landscape_figure, landscapes_in, load
from honmono.reports.figures.style import png
from honmono.reports.html import Picture
from honmono.studies.study import Trace


SIDE = 2.6  # inches of a landscape's panel
MOST_BYTES = 48 * 1024  # of a sample grid: a study's page has many
COLOURS = 128  # of a landscape
TOLERANCE = 0.06  # of the training: what is farther from the requested share is not used
PLAYERS = ("discriminator.", "generator.")  # prefixes of the log's losses

Found = TypeVar("Found")


@dataclass(frozen=True)
class Frames:
    """Samples and numbers of a run by the share of its training.

    images: number of images in its whole training.
    epoch: images in one pass through the data.
    """

    run: Summary
    images: float
    epoch: int | None

    def pictures(self, shares: Sequence[float]) -> dict[str, list[Picture]]:
        """The samples nearest to these shares of the training, by the name of their grid; "" is the main grid."""
        images = {path: self._images_at(int(path.stem)) for path in film.frames(self.run.run.samples)}
        if not images:
            return {}
        return self._by_grid(min(images, key=lambda path: abs(images[path] - share * self.images)) for share in shares)

    def at_steps(self, steps: Iterable[int]) -> dict[str, list[Picture]]:
        """The samples of these steps, by the name of their grid; steps without samples are left out."""
        return self._by_grid(path for step in steps if (path := self.run.run.sample(step)).is_file())

    def numbers(self, trace: Trace, share: float) -> tuple[float, float] | None:
        """The pair of numbers of a trace nearest to this share of the training; None where there is none near it."""
        if trace.of == "contours":
            landscapes = {self._images_at(int(path.stem)): path for path in landscapes_in(self.run.run.samples)}
            path = _nearest(landscapes, share * self.images, TOLERANCE * self.images)
            return extremes(load(path).values["scores"]) if path else None
        images = self.run.log.get("images", [])
        rows = {seen: row for row, seen in enumerate(images) if seen is not None}
        row = _nearest(rows, share * self.images, TOLERANCE * self.images)
        if row is None:
            return None
        first, second = (self._loss(player, row) for player in PLAYERS)
        return first, second

    def _loss(self, player: str, row: int) -> float:
        return sum(values[row] or 0.0 for name, values in self.run.log.items() if name.startswith(player))

    def _by_grid(self, chosen: Iterable[Path]) -> dict[str, list[Picture]]:
        found: dict[str, list[Picture]] = {}
        for path in dict.fromkeys(chosen):
            for name, picture in self._pictures_of_step(path):
                found.setdefault(name, []).append(picture)
        return found

    def _images_at(self, step: int) -> float:
        """Images seen at a step, interpolated between the log's rows."""
        return float(np.interp(step, self._logged_steps, self._logged_images))

    @cached_property
    def _logged_steps(self) -> list[float]:
        return [0.0, *(float(step or 0) for step in self.run.log.get("step", []))]

    @cached_property
    def _logged_images(self) -> list[float]:
        return [0.0, *(float(images or 0) for images in self.run.log.get("images", []))]

    def _pictures_of_step(self, path: Path) -> list[tuple[str, Picture]]:
        """The landscape of a step, if there is one, else every sample grid."""
        step, seen = int(path.stem), self._images_at(int(path.stem))
        caption = f"step {step:,}" if self.epoch is None else f"epoch {round(seen / self.epoch, 2):,g}, step {step:,}"
        landscape, reals = path.with_suffix(".npz"), path.with_name("real.npz")
        if landscape.is_file() and reals.is_file():
            with np.load(reals, allow_pickle=False) as file:
                data = png(landscape_figure(load(landscape), file["points"], "", SIDE))
            return [("", Picture(_fewer_colours(data), "png", caption))]
        grids = [path, *sorted(path.parent.glob(f"{path.stem}-*.png"))]
        names = [grid.stem.removeprefix(path.stem).removeprefix("-") for grid in grids]
        return [
            (name, replace(one, more=""))
            for name, grid in zip(names, grids, strict=True)
            for one in embedded(grid.read_bytes(), caption, MOST_BYTES)
        ]


def _fewer_colours(data: bytes) -> bytes:
    """The PNG with a palette: a third of the bytes, since a drawing has few colours."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(data)) as opened:
        opened.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _nearest(by_images: Mapping[float, Found], images: float, tolerance: float) -> Found | None:
    """The value whose key is nearest to `images`; None where it is farther than `tolerance`."""
    nearest = min(by_images, key=lambda seen: abs(seen - images), default=None)
    return None if nearest is None or abs(nearest - images) > tolerance else by_images[nearest]
