"""What the values in a set of pictures mean: the colour behind transparency, and what is black and what white.

Decided once for a set and never by picture, so that pictures stay comparable.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from PIL import Image, ImageColor

from honmono.data.packing.decode import Levels, raw
from honmono.data.parallel import in_parallel
from honmono.data.sources.base import Content, Source
from honmono.errors import Refused


Found = TypeVar("Found")
_BITS = (8, 10, 12, 14, 16)
_NEAR = 64.0  # of 255, the mean distance from white below which what is visible would be lost on white
_LOOKED_AT = 256  # transparent pictures


@dataclass(frozen=True)
class Special:
    """The pictures of a source, by index, whose headers say that they are transparent, or of more than 8 bits."""

    transparent: list[int]
    deep: list[int]


def levels_of(source: Source, special: Special, count: int, ground: str) -> tuple[Levels, list[str]]:
    """How the first `count` pictures are read, and lines on it where that is not the usual way.

    ground: a colour, or "auto": white, unless what is visible of the transparent pictures is itself nearly white.
    """
    levels, notes = Levels(), []
    if special.transparent:
        colour, why = _ground(source, special.transparent, count) if ground == "auto" else (ground, "as asked")
        levels = Levels(ground=ImageColor.getrgb(colour)[:3])
        notes = [f"the background of transparent pictures is {colour}: {why} (data.ground)"]
    if special.deep:
        ranges = _looked_at(source, special.deep, count, _range)
        levels, more = _deep(levels, ranges)
        notes += more
    return levels, notes


def checked_ground(ground: str) -> None:
    """Raises `Refused` for what is no colour."""
    if ground == "auto":
        return
    try:
        ImageColor.getrgb(ground)
    except ValueError as error:
        raise Refused(f"data.ground={ground}: give 'auto' or a colour, such as white, black or #20a0ff") from error


def _ground(source: Source, indices: Sequence[int], count: int) -> tuple[str, str]:
    step = max(1, len(indices) // _LOOKED_AT)
    seen = _looked_at(source, indices[::step], count, _distance)
    weight = sum(visible for visible, _ in seen)
    distance = sum(total for _, total in seen) / weight if weight else 255.0
    if distance < _NEAR:
        return "black", "what is visible in them is nearly white"
    return "white", "what is visible in them is not"


def _distance(image: Image.Image) -> tuple[float, float]:
    """How much of a picture is visible, in pixels, and the sum of its distances from white."""
    pixels = np.asarray(image.convert("RGBA").resize((32, 32))).astype(np.float64)
    alpha = pixels[..., 3] / 255
    return float(alpha.sum()), float((alpha * (255 - pixels[..., :3].mean(-1))).sum())


def _range(image: Image.Image) -> tuple[str, float, float]:
    values = np.asarray(image)
    return image.mode, float(values.min()), float(values.max())


def _deep(levels: Levels, ranges: Sequence[tuple[str, float, float]]) -> tuple[Levels, list[str]]:
    """The levels with the numbers that are black and white."""
    notes = []
    whole = [high for mode, _, high in ranges if mode != "F"]
    fractions = [(low, high) for mode, low, high in ranges if mode == "F" and np.isfinite(low + high)]
    white = levels.white
    if whole and 0 < max(whole) <= 65535:
        bits = next(bits for bits in _BITS if max(whole) < 2**bits)
        white = 2**bits - 1
        if bits < 16:
            notes.append(f"pictures of 16 bits hold values up to {max(whole):g}: {white:,} is white ({bits} bits)")
    black_and_white = levels.fractions
    if fractions:
        low, high = min(low for low, _ in fractions), max(high for _, high in fractions)
        black_and_white = (
            (0.0, 1.0) if 0 <= low and high <= 1 else (0.0, 255.0) if 0 <= low and high <= 255 else (low, high)
        )
        black, light = black_and_white
        notes.append(f"fractions from {low:g} to {high:g}: {black:g} is black and {light:g} is white in all pictures")
    return Levels(levels.ground, white, black_and_white), notes


def _looked_at(source: Source, indices: Sequence[int], count: int, look: Callable[[Image.Image], Found]) -> list[Found]:
    """What is seen in the pictures at these indices; those that cannot be read are passed over."""
    wanted = {*indices}
    contents = ((at, content) for at, content in source.contents(count) if at in wanted)
    return [found for _, found in in_parallel(partial(_seen, look), contents) if found is not None]


def _seen(look: Callable[[Image.Image], Found], content: Content) -> Found | None:
    try:
        return look(raw(content))
    except Exception:  # its conversion reports the error
        return None
