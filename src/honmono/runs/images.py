"""Samples as pictures and grids. A run's grids have the same size at every step, so that they make a film."""

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from honmono.files import atomic_write_bytes


GAP = 2  # pixels between the pictures and around them
CHESS, CHESS_GREYS = 8, (153, 102)  # pixels of a field; of 255
LEAST_WIDTH = 512  # pixels; narrower grids are enlarged


def to_uint8(
    samples: Float[Tensor, "batch channels height width"],
    range: tuple[float, float],
    offset: float = 0.0,
    rounding: Literal["nearest", "down"] = "nearest",
) -> UInt8[np.ndarray, "batch channels height width"]:
    """Samples in `range` as pictures of 0..255: `offset` levels added, rounded and clipped, with NaN as black.

    By default it exactly inverts the linear map of uint8 pictures to samples.
    """
    low, high = range
    levels = ((samples.detach().float() - low) * (255 / (high - low)) + offset).nan_to_num(nan=0.0)
    levels = levels.round() if rounding == "nearest" else levels.floor()
    return levels.clamp(0, 255).byte().cpu().numpy()


def own_range(samples: Float[Tensor, "batch channels height width"]) -> tuple[float, float]:
    """The smallest and the largest value of all samples, at least 1e-5 apart."""
    low, high = float(samples.min()), float(samples.max())
    return low, max(high, low + 1e-5)


def grid(pictures: UInt8[np.ndarray, "batch channels height width"], columns: int) -> Image.Image:
    """Pictures row by row, with gaps of two pixels; small ones are enlarged by an integer factor.

    pictures: of 1 (grey), 3 (RGB) or 4 (RGBA, with transparent gaps) channels.
    The size of the grid depends only on their shape and `columns`.
    """
    number, channels, height, width = pictures.shape
    assert number > 0 and channels in (1, 3, 4), f"{number} pictures of {channels} channels"
    rows = math.ceil(number / columns)
    factor = max(1, math.ceil((LEAST_WIDTH - GAP * (columns + 1)) / (columns * width)))
    height, width = height * factor, width * factor
    canvas = np.full(
        (GAP + rows * (height + GAP), GAP + columns * (width + GAP), channels), 0 if channels == 4 else 255, np.uint8
    )
    enlarged = pictures.transpose(0, 2, 3, 1).repeat(factor, axis=1).repeat(factor, axis=2)
    for index, picture in enumerate(enlarged):
        top = GAP + index // columns * (height + GAP)
        left = GAP + index % columns * (width + GAP)
        canvas[top : top + height, left : left + width] = picture
    return Image.fromarray(canvas[..., 0] if channels == 1 else canvas)


def viewable(picture: Image.Image) -> Image.Image:
    """A picture as it is; a transparent one before a chessboard of greys, where any colour can be seen."""
    if picture.mode != "RGBA":
        return picture
    down, across = np.indices((picture.height, picture.width)) // CHESS
    greys = np.where((down + across) % 2, *CHESS_GREYS).astype(np.uint8)
    return Image.alpha_composite(Image.fromarray(greys).convert("RGBA"), picture).convert("RGB")


FORMATS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"lossless": True}),
}


def save_picture(picture: Image.Image, path: Path) -> None:
    """Writes a picture in the format of the name's ending, one of `FORMATS`, whole or not at all."""
    name, options = FORMATS[path.suffix.lower()]
    buffer = io.BytesIO()
    picture = viewable(picture) if name == "JPEG" else picture
    picture.save(buffer, format=name, **options)
    atomic_write_bytes(path, buffer.getvalue())


def save_png(picture: Image.Image, path: Path) -> None:
    """Writes a PNG, whole or not at all."""
    assert path.suffix == ".png"
    save_picture(picture, path)
