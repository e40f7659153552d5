"""Pictures that already lie in an array: what such sources share, and NumPy's own files."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final
from zipfile import BadZipFile

import numpy as np

from honmono.data.sources.base import Content, Item, Listing, Source
from honmono.data.sources.fingerprint import fingerprint_files
from honmono.errors import Refused


_CHANNELS = (1, 3, 4)
_AT_ONCE = 1024  # pictures of a memory-mapped file that are looked at together


@dataclass(frozen=True)
class Stored:
    """pixels: (n, height, width) or (n, height, width, channels) numbers. 255 * (pixel - low) / (high - low) is 0..255.

    labels: (n,) class indices, or None.
    """

    pixels: np.ndarray
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    low: float = 0
    high: float = 255


class ArraySource(Source):
    """Pictures in an array, read when they are first asked for."""

    @abstractmethod
    def load(self) -> Stored:
        """Reads the array; raises `Refused` where it holds no pictures."""

    def listing(self) -> Listing:
        """The pictures by number."""
        stored = self._stored
        numbers = range(len(stored.pixels))
        if stored.labels is None:
            return Listing(tuple(Item(str(index), None) for index in numbers))
        labels = stored.labels.tolist()
        return Listing(tuple(Item(str(index), labels[index]) for index in numbers), stored.classes)

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """The pictures in order, as uint8."""
        stored = self._stored
        for index in range(count):
            picture = stored.pixels[index]
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


@final
class ArrayFile(ArraySource):
    """`.npy` or `.npz`: (n, height, width), (n, height, width, channels) or (n, channels, height, width).

    Whole numbers are 0..255 (16-bit: 0..65535), fractions 0..1, or -1..1 where any is negative. In an `.npz` the
    pictures are `images`, `x` or `arr_0`, and whole numbers `labels` or `y` are their classes.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name, self.split = path, name, None

    def fingerprint(self) -> str:
        """The hash of the file."""
        return fingerprint_files({"array": self.path})

    def load(self) -> Stored:
        """Reads or maps the file."""
        try:
            held = np.load(self.path, mmap_mode="r", allow_pickle=False)
            pixels, labels = (held, None) if isinstance(held, np.ndarray) else self._members(held)
        except Refused:
            raise
        except (ValueError, EOFError, OSError, BadZipFile) as error:
            raise Refused(f"{self.name} cannot be read as arrays of numbers: {error}") from error
        pixels = self._channels_last(pixels)
        low, high = self._range(pixels)
        if labels is None:
            return Stored(pixels, low=low, high=high)
        return Stored(pixels, labels, numbered_classes(labels), low, high)

    def _members(self, held: Any) -> tuple[np.ndarray, np.ndarray | None]:
        with held:
            pixels = next((held[name] for name in ("images", "x", "arr_0") if name in held), None)
            labels = next((held[name] for name in ("labels", "y") if name in held), None)
            if pixels is None:
                raise Refused(f"{self.name} holds {', '.join(held)}: name its array of pictures 'images'")
        if labels is None:
            return pixels, None
        labels = labels.reshape(len(labels), -1)[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
        if labels.shape != (len(pixels),) or labels.dtype.kind not in "iu" or (labels < 0).any():
            raise Refused(f"{self.name}: labels must be {len(pixels):,} whole numbers from 0, one for each picture")
        return pixels, labels.astype(np.int64)

    def _channels_last(self, pixels: np.ndarray) -> np.ndarray:
        if pixels.dtype.kind in "uifb" and len(pixels):
            if pixels.ndim == 3:
                return pixels
            if pixels.ndim == 4 and pixels.shape[3] in _CHANNELS:
                return pixels[..., 0] if pixels.shape[3] == 1 else pixels
            if pixels.ndim == 4 and pixels.shape[1] in _CHANNELS:
                return pixels[:, 0] if pixels.shape[1] == 1 else pixels.transpose(0, 2, 3, 1)
        raise Refused(
            f"{self.name} holds {pixels.dtype} of shape {pixels.shape}: pictures are (n, height, width), "
            "(n, height, width, channels) or (n, channels, height, width) with 1, 3 or 4 channels"
        )

    def _range(self, pixels: np.ndarray) -> tuple[float, float]:
        """The numbers that mean black and white."""
        if pixels.dtype == np.uint8:
            return 0, 255
        if pixels.dtype == np.bool_:
            return 0, 1
        blocks = [pixels[start : start + _AT_ONCE] for start in range(0, len(pixels), _AT_ONCE)]
        low = min(float(block.min()) for block in blocks)
        high = max(float(block.max()) for block in blocks)
        if pixels.dtype.kind == "f" and math.isfinite(low + high) and -1 <= low and high <= 1:
            return (-1, 1) if low < 0 else (0, 1)
        if pixels.dtype.kind in "iu" and 0 <= low and high <= 255:
            return 0, 255
        if pixels.dtype == np.uint16:
            return 0, 65535
        raise Refused(
            f"{self.name} holds {pixels.dtype} from {low:g} to {high:g}: pictures are whole numbers 0..255, or "
            "fractions 0..1 or -1..1"
        )
