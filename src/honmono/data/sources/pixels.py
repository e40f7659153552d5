"""Which numbers of an array are pictures, how they are oriented, and which of them mean black and white."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from honmono.errors import Refused


CHANNELS = (1, 3, 4)
_AT_ONCE = 1024  # pictures that are looked at together
_WHITES = (1, 16, 255, 1023, 4095, 16383, 65535)  # 16: scikit-learn's digits; else all ones in 1, 8, 10, ... 16 bits

Arrange = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Rows:
    """Pictures (n, height, width[, channels]) made of blocks of a stored array, each when it is needed.

    stored: a NumPy array, or what can be cut into slices like one. last: whether its last axis numbers the pictures.
    """

    stored: Any
    arrange: Arrange
    last: bool = False

    def __len__(self) -> int:
        return self.stored.shape[-1 if self.last else 0]

    @property
    def dtype(self) -> np.dtype:
        """The type of the numbers."""
        return self.stored.dtype

    def __getitem__(self, rows: slice) -> np.ndarray:
        block = self.stored[..., rows] if self.last else self.stored[rows]
        return self.arrange(np.asarray(block))

    def blocks(self, count: int | None = None) -> Iterator[np.ndarray]:
        """The first `count` pictures, or all, so many at a time."""
        end = len(self) if count is None else count
        for start in range(0, end, _AT_ONCE):
            yield self[start : min(start + _AT_ONCE, end)]


def pictures(name: str, stored: Any) -> Rows:
    """The array as pictures; raises `Refused` where its shape is not that of any."""
    shape, kind = tuple(stored.shape), np.dtype(stored.dtype)
    if kind.kind in "uifb" and math.prod(shape):
        if len(shape) == 3 and shape[2] in (3, 4) and min(shape[:2]) > 4:
            raise Refused(
                f"{name} holds one picture of {shape[1]}x{shape[0]} pixels ({shape[2]} channels), and a GAN learns "
                "from many: put their arrays into one of shape (n, height, width, channels)"
            )
        if (arrange := _arranged(shape)) is not None:
            return Rows(stored, *arrange)
    more = ", points, which train gan-grid" if len(shape) == 2 and shape[1] == 2 else ""
    raise Refused(
        f"{name} holds {kind} of shape {shape}{more}; pictures are (n, height, width), "
        "(n, height, width, channels) or (n, channels, height, width) with 1, 3 or 4 channels, or flat squares"
    )


def _arranged(shape: tuple[int, ...]) -> tuple[Arrange, bool] | None:
    """What makes pictures of a block of such an array, and whether its last axis numbers them."""
    if len(shape) == 2 and (side := math.isqrt(shape[1])) > 3 and side**2 == shape[1]:
        return (lambda x: x.reshape(-1, side, side)), False
    if len(shape) == 2 and (side := math.isqrt(shape[1] // 3)) > 3 and side**2 * 3 == shape[1]:  # as CIFAR's planes
        return (lambda x: x.reshape(-1, 3, side, side).transpose(0, 2, 3, 1)), False
    if len(shape) == 3 and shape[0] == shape[1] != shape[2] and shape[0] >= 8:  # MATLAB's order
        return (lambda x: x.transpose(2, 0, 1)), True
    if len(shape) == 3:
        return (lambda x: x), False
    if len(shape) != 4:
        return None
    if shape[3] in CHANNELS:
        return (lambda x: x[..., 0] if x.shape[3] == 1 else x), False
    if shape[1] in CHANNELS:
        return (lambda x: x[:, 0] if x.shape[1] == 1 else x.transpose(0, 2, 3, 1)), False
    if shape[2] in CHANNELS:  # MATLAB's order
        return (lambda x: x[:, :, 0].transpose(2, 0, 1) if x.shape[2] == 1 else x.transpose(3, 0, 1, 2)), True
    return None


def black_and_white(name: str, rows: Rows) -> tuple[float, float, tuple[str, ...]]:
    """The numbers that mean black and white in the whole set, and a note where they are not the usual ones."""
    if rows.dtype == np.bool_:
        return 0, 1, ()
    least, most, whole = math.inf, -math.inf, True
    for block in rows.blocks():
        least, most = min(least, float(block.min())), max(most, float(block.max()))
        if not math.isfinite(least + most):
            raise Refused(f"{name} holds {rows.dtype} that are not all finite numbers: replace NaN and infinities")
        whole = whole and (block.dtype.kind != "f" or bool((block == np.rint(block)).all()))
    if least == most and not 0 <= most <= 255:
        raise Refused(f"{name} holds {rows.dtype} of {most:g} alone: pictures need more than one value")
    low, high = _range(rows.dtype, least, most, whole)
    usual = (0, 255) if whole else (0, 1)
    said = f"numbers from {least:g} to {most:g}: {low:g} is black and {high:g} is white in every picture"
    return low, high, () if (low, high) == usual else (said,)


def _range(dtype: np.dtype, least: float, most: float, whole: bool) -> tuple[float, float]:
    if not whole and -1 <= least and most <= 1:
        return (-1, 1) if least < 0 else (0, 1)
    if least < 0:
        return (-1, 1) if whole and least >= -1 and most <= 1 else (least, most)
    if not whole:
        return (0, 255) if most <= 255 else (least, most)
    if dtype.kind == "f" and 0 < most <= 1:
        return 0, 1
    return 0, next((white for white in _WHITES if 0 < most <= white), 255 if most == 0 else most)
