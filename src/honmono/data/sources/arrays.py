"""Pictures that already lie in an array: what such sources share."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from honmono.data.sources.base import Content, Item, Listing, Source
from honmono.data.sources.pixels import Rows


_AT_ONCE = 256  # pictures of a file that are read together


@dataclass(frozen=True)
class Stored:
    """pixels: (n, height, width) or (n, height, width, channels) numbers. 255 * (pixel - low) / (high - low) is 0..255.

    labels: (n,) class indices, or None. notes: decisions that users should know of.
    """

    pixels: np.ndarray | Rows
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    low: float = 0
    high: float = 255
    notes: tuple[str, ...] = ()


class ArraySource(Source):
    """Pictures in an array, read when they are first needed."""

    @abstractmethod
    def load(self) -> Stored:
        """Reads the array; raises `Refused` where it holds no pictures."""

    def listing(self) -> Listing:
        """The pictures by number."""
        stored = self._stored
        numbers = range(len(stored.pixels))
        if stored.labels is None:
            return Listing(tuple(Item(str(index), None) for index in numbers), notes=stored.notes)
        labels = stored.labels.tolist()
        return Listing(tuple(Item(str(index), labels[index]) for index in numbers), stored.classes, notes=stored.notes)

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """The pictures in order, as uint8."""
        stored = self._stored
        for start in range(0, count, _AT_ONCE):
            block = stored.pixels[start : min(start + _AT_ONCE, count)]
            for index, picture in enumerate(block, start):
                if picture.dtype != np.uint8 or (stored.low, stored.high) != (0, 255):
                    scaled = (picture.astype(np.float64) - stored.low) * (255 / (stored.high - stored.low))
                    picture = np.rint(scaled).astype(np.uint8)
                yield index, np.ascontiguousarray(picture)

    @cached_property
    def _stored(self) -> Stored:
        return self.load()


def numbered_classes(labels: np.ndarray) -> tuple[str, ...]:
    """Class names for labels 0..k: their numbers."""
    return tuple(str(label) for label in range(int(labels.max()) + 1))
