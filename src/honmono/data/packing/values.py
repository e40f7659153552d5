"""What the values in a set of pictures mean: the colour behind transparency, and what is black and what white.

Decided once for a set and never by picture, so that pictures stay comparable.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import numpy as np
from PIL import ImageColor

from honmono.data.packing.decode import Levels, numbers, raw
from honmono.data.parallel import in_parallel
from honmono.data.sources.base import Content, Source
from honmono.data.sources.items import Positions
from honmono.errors import Refused


Found = TypeVar("Found")
ALPHA = "alpha"  # the ground of pictures whose transparency is kept
_BITS = (8, 10, 12, 14, 16)
_NEAR = 64.0  # of 255, the mean distance from white below which what is visible would be lost on white
_LOOKED_AT = 256  # transparent pictures
_LEAST_EXTREMES = 0.5  # of the pixels of transparent pictures


@dataclass(frozen=True)
class Special:
    """The pictures of a source, by index, whose headers say that they are transparent, or of more than 8 bits.

    tiffs: the transparent ones in TIFFs.
    """

    transparent: Positions = field(default_factory=Positions)
    deep: Positions = field(default_factory=Positions)
    tiffs: Positions = field(default_factory=Positions)


def levels_of(source: Source, special: Special, count: int, ground: str) -> tuple[Levels, list[str]]:
    """How the first `count` pictures are read, and lines on it where that is not the usual way.

    ground: a colour, or "auto": white, unless what is visible of the transparent pictures is itself nearly white; or
        "alpha", which keeps transparency.
    """
    levels, notes, transparent = Levels(), [], special.transparent
    if special.tiffs and ground == "auto" and not _is_alpha(source, special.tiffs, count):
        levels, transparent = (
            Levels(alpha=False),
            Positions.together([transparent]).without(Positions.together([special.tiffs])),
        )
    if ground == ALPHA:
        levels = Levels(ground=None)
        kept = "transparency is the fourth channel (data.ground=alpha)"
        constant = (
            "warning: no picture is transparent, and the fourth channel is the same everywhere (data.ground=alpha)"
        )
        notes = [kept if transparent else constant]
    elif transparent:
        colour, why = _ground(source, transparent, count) if ground == "auto" else (ground, "as requested")
        levels = replace(levels, ground=ImageColor.getrgb(colour)[:3])
        notes = [f"the background of transparent pictures is {colour}: {why} (data.ground)"]
    if special.deep:
        ranges = looked_at(source, special.deep, count, _range)
        levels, more = _deep(levels, ranges)
        notes += more
    return levels, notes


def checked_ground(ground: str) -> None:
    """Raises `Refused` unless `ground` is a colour, `auto` or `alpha`."""
    if ground in ("auto", ALPHA):
        return
    try:
        ImageColor.getrgb(ground)
    except ValueError as error:
        raise Refused(
            f"data.ground={ground}: give 'auto', 'alpha' or a colour, such as white, black or #20a0ff"
        ) from error


def _ground(source: Source, indices: Sequence[int], count: int) -> tuple[str, str]:
    step = max(1, len(indices) // _LOOKED_AT)
    seen = [*looked_at(source, indices[::step], count, _distance)]
    weight = sum(visible for visible, _ in seen)
    distance = sum(total for _, total in seen) / weight if weight else 255.0
    if distance < _NEAR:
        return "black", "what is visible in them is nearly white"
    return "white", "what is visible in them is not"


def _is_alpha(source: Source, indices: Sequence[int], count: int) -> bool:
    """Whether the last band of most pixels says that all or nothing is to be seen; infrared, for one, does not."""
    step = max(1, len(indices) // _LOOKED_AT)
    return float(np.mean([*looked_at(source, indices[::step], count, _extremes)] or [1.0])) >= _LEAST_EXTREMES


def _extremes(content: Content) -> float:
    last = numbers(content)[..., -1]
    return float(np.mean((last == 0) | (last == np.iinfo(last.dtype).max)))


def _distance(content: Content) -> tuple[float, float]:
    """How much of a picture is visible, in pixels, and the sum of its distances from white."""
    pixels = np.asarray(raw(content).convert("RGBA").resize((32, 32))).astype(np.float64)
    alpha = pixels[..., 3] / 255
    return float(alpha.sum()), float((alpha * (255 - pixels[..., :3].mean(-1))).sum())


def _range(content: Content) -> tuple[bool, float, float]:
    """Whether a picture holds fractions, its least and its greatest number."""
    held = numbers(content)
    return held.dtype.kind == "f", float(held.min()), float(held.max())


def _deep(levels: Levels, ranges: Iterable[tuple[bool, float, float]]) -> tuple[Levels, list[str]]:
    """The levels with the numbers that are black and white."""
    notes = []
    greatest, low, high = 0.0, math.inf, -math.inf  # of whole numbers, and of fractions
    for is_fraction, least, most in ranges:
        if not is_fraction:
            greatest = max(greatest, most)
        elif math.isfinite(least + most):
            low, high = min(low, least), max(high, most)
    white = levels.white
    if 0 < greatest <= 65535:
        bits = next(bits for bits in _BITS if greatest < 2**bits)
        white = 2**bits - 1
        if bits < 16:
            notes.append(f"pictures of 16 bits hold values up to {greatest:g}: {white:,} is white ({bits} bits)")
    black_and_white = levels.fractions
    if low <= high:
        black_and_white = (
            (0.0, 1.0) if 0 <= low and high <= 1 else (0.0, 255.0) if 0 <= low and high <= 255 else (low, high)
        )
        black, light = black_and_white
        notes.append(f"fractions from {low:g} to {high:g}: {black:g} is black and {light:g} is white in all pictures")
    return replace(levels, white=white, fractions=black_and_white), notes


def looked_at(source: Source, indices: Iterable[int], count: int, look: Callable[[Content], Found]) -> Iterator[Found]:
    """What is seen in the pictures at these indices; those that cannot be read are passed over."""
    wanted = np.zeros(count, np.bool_)
    for index in indices:
        wanted[index] = True
    contents = ((at, content) for at, content in source.contents(count) if wanted[at])
    return (found for _, found in in_parallel(partial(_seen, look), contents) if found is not None)


def _seen(look: Callable[[Content], Found], content: Content) -> Found | None:
    try:
        return look(content)
    except Exception:  # its conversion reports the error
        return None
