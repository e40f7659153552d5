"""Pictures that already lie in an array: what such sources share."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from honmono.data.sources.base import Content, Listing, Source
from honmono.data.sources.items import Items
from honmono.data.sources.overlap import shared_contents
from honmono.data.sources.pixels import Rows
from honmono.hooks import hook


_AT_ONCE = 256  # pictures of a file that are read together


@dataclass(frozen=True)
class Stored:
    """pixels: (n, height, width) or (n, height, width, channels) numbers. 255 * (pixel - low) / (high - low) is 0..255.

    labels: (n,) class indices, or None. notes: decisions that users should know of.
    classes_from: what says which picture is of which class, where there are classes.
    """

    pixels: np.ndarray | Rows
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    low: float = 0
    high: float = 255
    notes: tuple[str, ...] = ()
    classes_from: str = "its own labels"


class ArraySource(Source):
    """Pictures in an array, read when they are first needed."""

    @abstractmethod
    def load(self) -> Stored:
        """Reads the array; raises `Refused` where it holds no pictures."""

    def listing(self) -> Listing:
        """The pictures by number."""
        stored = self._stored
        items = Items.of(map(str, range(len(stored.pixels))), stored.labels)
        if stored.labels is None:
            return Listing(items, notes=stored.notes)
        return Listing(items, stored.classes, notes=stored.notes, classes_from=stored.classes_from)

    @hook
    def other_splits(self) -> Iterable[tuple[str, np.ndarray | Rows]]:
        """The name and the pictures of each split that was not taken; those that cannot be read are left out."""
        return ()

    def in_other_splits(self) -> Sequence[tuple[str, str]]:
        """Compares the numbers as they are stored."""
        elsewhere = (
            (f"{split}/{index}", picture.tobytes())
            for split, pixels in self.other_splits()
            for index, picture in _one_by_one(pixels, len(pixels))
        )
        pixels = self._stored.pixels
        here = ((str(index), picture.tobytes()) for index, picture in _one_by_one(pixels, len(pixels)))
        return shared_contents(here, elsewhere)

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """The pictures in order, as uint8."""
        stored = self._stored
        for index, picture in _one_by_one(stored.pixels, count):
            if picture.dtype != np.uint8 or (stored.low, stored.high) != (0, 255):
                scaled = (picture.astype(np.float64) - stored.low) * (255 / (stored.high - stored.low))
                picture = np.rint(scaled).astype(np.uint8)
            yield index, np.ascontiguousarray(picture)

    @cached_property
    def _stored(self) -> Stored:
        return self.load()


def _one_by_one(pixels: np.ndarray | Rows, count: int) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, count, _AT_ONCE):
        yield from enumerate(pixels[start : min(start + _AT_ONCE, count)], start)


def numbered_classes(labels: np.ndarray) -> tuple[str, ...]:
    """Class names for labels 0..k: their numbers."""
    return tuple(str(label) for label in range(int(labels.max()) + 1))
