"""What pictures a source holds, by their headers, and the size and channels that follow from it."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

from honmono.data.packing.decode import Header, Unusable, read_header
from honmono.data.packing.fit import Fit, middle
from honmono.data.packing.sizes import SMALLEST, Size, height_and_width, size_of, spelled
from honmono.data.packing.values import Special
from honmono.data.parallel import in_parallel, progress
from honmono.data.sources.base import Content, Source


@dataclass(frozen=True)
class Survey:
    """What is known of the usable pictures of a source.

    sizes: the commonest (width, height, count), at most ten. distinct: how many sizes there are in all. short_side: the
    median of the short sides, in pixels. longest: the longest side of all. grey: whether every picture says that it has
    no colour.
    """

    count: int
    sizes: tuple[tuple[int, int, int], ...]
    distinct: int
    short_side: float
    longest: int
    grey: bool

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Survey":
        """The survey that `to_json` wrote."""
        sizes = tuple((width, height, count) for width, height, count in value["sizes"])
        return cls(**dict(value, sizes=sizes))

    def to_json(self) -> dict[str, Any]:
        """Plain values for a record."""
        return asdict(self) | {"sizes": [list(size) for size in self.sizes]}

    def square(self) -> int | None:
        """The side that all pictures share, if they are squares of one size."""
        width, height, _ = self.sizes[0]
        return width if self.distinct == 1 and width == height else None

    def size_within(self, max_size: int) -> int:
        """The size to train at: nearest to the one that all share, else the largest of 8, 16, 32, ... that most fill.

        Both are sizes that a grid of 4 to 7 pixels becomes by doubling, as most networks need. Squares of less than 8
        pixels stay as they are.
        """
        shared = self.square()
        if shared is not None and shared <= max_size:
            return shared if shared < 8 else min(_doubled(max_size), key=lambda size: abs(size - shared))
        size = 8
        while size * 2 <= min(self.short_side, max_size):
            size *= 2
        return size

    def cropping(self, size: Size, fit: Fit, max_size: int) -> str | None:
        """That pictures of the commonest size lose a sixteenth or more of a side, where they are cropped."""
        width, height, _ = self.sizes[0]
        across, down = middle(width, height, size)
        if fit != "crop" or max((width - across) / width, (height - down) / height) < 1 / 16:
            return None
        whole = _doubled_nearest(height, width, max(max_size, *height_and_width(size)))
        return (
            f"of pictures {width} pixels wide and {height} high the middle, {across}x{down}, is kept (--size {whole}, "
            "height x width, keeps all, where the networks can; so do data.fit=pad and data.fit=resize)"
        )

    def resizing(self, size: Size) -> str | None:
        """That squares of one size become others, where `size` was chosen for them and is not theirs."""
        shared = self.square()
        if shared is None or shared == size or size != self.size_within(max(*height_and_width(size), shared)):
            return None
        return (
            f"all pictures are {shared}x{shared} and become {spelled(size)}, the nearest size that a grid of 4 to 7 "
            "pixels doubles to (--size N for another)"
        )

    def __str__(self) -> str:
        """`grey pictures of 28x28 pixels`."""
        colour = "grey" if self.grey else "colour"
        if self.distinct == 1:
            return f"{colour} pictures of {self.sizes[0][0]}x{self.sizes[0][1]} pixels"
        return (
            f"{colour} pictures of {self.distinct:,} sizes, {self.short_side:g} pixels on the middle one's short side"
        )


def _doubled(most: int) -> list[int]:
    """8, 10, 12, 14, 16, 20, ... up to `most`."""
    return [grid << level for level in range(1, most.bit_length()) for grid in range(4, 8) if grid << level <= most]


def _doubled_nearest(height: int, width: int, most: int) -> Size:
    """The size near to these proportions, of no side above `most`, that a grid of 4 to 7 pixels or more doubles to."""
    scale = min(1.0, most / max(height, width))
    high, wide = max(8, round(height * scale)), max(8, round(width * scale))
    short = _rounded(min(high, wide), min(high, wide))
    return size_of(*(short if side == min(high, wide) else _rounded(side, short) for side in (high, wide)))


def _rounded(side: int, short: int) -> int:
    """To a multiple of the power of two that makes 4 to 7 of the shorter side."""
    step = 1 << short.bit_length() - 3
    return round(side / step) * step


class Seen:
    """What the headers of a source's pictures say, one after the other.

    special: those whose values have to be read to decide what they mean.
    unusable: the last one that cannot be used, by its index, and why.
    """

    def __init__(self) -> None:
        self._sizes: Counter[tuple[int, int]] = Counter()
        self._grey = True
        self.special = Special()
        self.unusable: tuple[int, str] | None = None

    def add(self, index: int, header: Header | str) -> None:
        """Takes in a picture's header, or why it cannot be used."""
        if isinstance(header, str):
            self.unusable = index, header
            return
        self._sizes[header.width, header.height] += 1
        self._grey = self._grey and header.grey
        if header.transparent:
            self.special.transparent.append(index)
            if header.format == "TIFF":
                self.special.tiffs.append(index)
        if header.deep:
            self.special.deep.append(index)

    def any_usable(self) -> bool:
        """Whether any picture added so far is usable."""
        return bool(self._sizes)

    def survey(self) -> Survey:
        """The survey of all pictures added so far."""
        common = tuple((width, height, number) for (width, height), number in self._sizes.most_common(10))
        sides = sorted((min(size), number) for size, number in self._sizes.items())
        longest = max(max(size) for size in self._sizes)
        return Survey(self._sizes.total(), common, len(self._sizes), _median(sides), longest, self._grey)


def look_at(source: Source, count: int) -> Seen:
    """Reads the headers of the first `count` pictures."""
    seen = Seen()
    with progress("looking", count) as advance:
        for index, header in in_parallel(usable_header, source.contents(count)):
            seen.add(index, header)
            advance()
    return seen


def usable_header(content: Content) -> Header | str:
    """The header of a picture, or why it cannot be used, in a few words."""
    try:
        header = read_header(content)
    except Unusable as unusable:
        return str(unusable)
    except Exception as error:  # whatever a decoder trips over, one picture never stops the others
        return f"cannot be read: {error}"
    if min(header.width, header.height) < SMALLEST:
        return f"too small: {header.width}x{header.height} pixels, at least {SMALLEST} a side are needed"
    return header


def _median(counted: Sequence[tuple[int, int]]) -> float:
    """Of numbers in rising order, each with how often it occurs."""
    ends = [*accumulate(number for _, number in counted)]
    low, high = (counted[bisect_right(ends, place)][0] for place in ((ends[-1] - 1) // 2, ends[-1] // 2))
    return (low + high) / 2
