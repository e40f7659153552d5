"""Pictures of more than 8 bits a channel as 8: scaled by what is white in the whole set, not clipped."""

import sys
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFile


WHITE = 65535
SCALED = "16 bits a channel scaled to 8"
_GREY_AND_ALPHA = "LA;16B"
_LOW = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}  # the other end of each number


class OutOfRange(Exception):
    """Raised for numbers that no picture has; its text says which, in a few words."""


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether there are more than 8 bits of each channel in the file."""
    return image.mode.startswith("I") or image.mode == "F" or coloured(image)


def coloured(image: ImageFile.ImageFile) -> bool:
    """Whether there are 16 bits of each colour, of which Pillow gives the upper 8."""
    return image.mode in ("RGB", "RGBA") and bool(image.tile) and all(";16" in _raw_mode(tile) for tile in image.tile)


def values(again: Callable[[], ImageFile.ImageFile], upper: Image.Image) -> np.ndarray:
    """(height, width, channels) numbers of 16 bits. again: opens the file anew. upper: what Pillow made of it."""
    image = again()
    if _raw_mode(image.tile[0]) == _GREY_AND_ALPHA:  # four bytes, the upper and the lower of each
        image.tile = [tile._replace(args="RGBA") for tile in image.tile]
        ends = np.asarray(image).astype(np.uint16)
        grey, alpha = ends[..., 0] << 8 | ends[..., 1], ends[..., 2] << 8 | ends[..., 3]
        return np.stack([grey, grey, grey, alpha], axis=-1)
    image.tile = [tile._replace(args=_lower(tile.args)) for tile in image.tile]
    return np.asarray(upper).astype(np.uint16) << 8 | np.asarray(image)


def eight_bits(numbers: np.ndarray, white: int, fractions: tuple[float, float] | None) -> np.ndarray:
    """Grey of whole numbers or fractions, or colours of whole ones, as 8 bits (65,535 is white: by 1/257).

    fractions: those that are black and white; None: as the picture by itself suggests. Raises `OutOfRange`.
    """
    low, high = float(numbers.min()), float(numbers.max())
    scaled = numbers.astype(np.float64)
    if numbers.dtype.kind == "f":
        black, light = fractions or (0.0, 1.0 if high <= 1 else 255.0)
        if not (low >= black and high <= light):  # also where there are NaNs
            raise OutOfRange(f"fractions from {low:g} to {high:g}, neither 0..1 nor 0..255")
        scaled = (scaled - black) * (255 / ((light - black) or 1))
    else:
        if low < 0 or high > WHITE:
            raise OutOfRange(f"whole numbers from {low:g} to {high:g}, not 0..{WHITE}")
        scaled *= 255 / white
    return np.rint(scaled).astype(np.uint8)


def _raw_mode(tile: ImageFile._Tile) -> str:
    return str(tile.args[0] if isinstance(tile.args, tuple) else tile.args)


def _lower(args: tuple[object, ...] | str | None) -> tuple[object, ...] | str:
    """The decoder's arguments that give the lower 8 bits in place of the upper ones."""
    if isinstance(args, tuple):
        return _lower(str(args[0])), *args[1:]
    return str(args)[:-1] + _LOW[str(args)[-1]]
