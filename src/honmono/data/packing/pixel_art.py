"""Which filter changes the size of a set's pictures: pixel art keeps its colours."""

from statistics import median
from typing import Literal

import numpy as np

from honmono.data.packing.decode import raw
from honmono.data.packing.fit import Resample
from honmono.data.packing.sizes import Size, height_and_width
from honmono.data.packing.survey import Survey
from honmono.data.packing.values import looked_at
from honmono.data.sources.base import Content, Source


AnyResample = Literal["auto", "lanczos", "bilinear", "nearest"]
_LONGEST = 128  # pixels of a side
_MOST_COLOURS, _PIXELS_OF_EACH = 64, 16  # at least so many on average
_LEAST_COLOURS = 3  # drawings in black and white are smoothed
_SHARE = 0.9  # of the pictures
_LOOKED_AT = 256


def filter_of(source: Source, holds: Survey, size: Size, count: int, wanted: AnyResample) -> tuple[Resample, list[str]]:
    """The filter, and a line on it where it was chosen by the pictures: "nearest" for small ones of few colours."""
    if wanted != "auto":
        return wanted, []
    same = holds.distinct == 1 and tuple(reversed(holds.sizes[0][:2])) == height_and_width(size)
    if same or holds.longest > _LONGEST:
        return "lanczos", []
    first = min(count, _LOOKED_AT)
    seen = [*looked_at(source, range(first), first, _colours)]
    few = [number for number, pixels in seen if number <= min(_MOST_COLOURS, pixels / _PIXELS_OF_EACH)]
    if len(few) < _SHARE * len(seen) or not few or median(few) < _LEAST_COLOURS:
        return "lanczos", []
    return "nearest", ["the pictures are small and of few colours, which they keep (data.resample=nearest)"]


def _colours(content: Content) -> tuple[int, int]:
    """How many colours a picture has, all that is transparent as one, and how many pixels."""
    pixels = np.array(raw(content).convert("RGBA"))
    pixels[pixels[..., 3] == 0] = 0
    return len(np.unique(pixels.view(np.uint32))), pixels[..., 0].size
