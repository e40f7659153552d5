"""Every frame of animations and stacks as a picture of its own."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import accumulate, chain, repeat
from typing import Literal, final

from honmono.data.packing.decode import number_of_frames
from honmono.data.parallel import in_parallel, progress
from honmono.data.sources.base import Content, Frame, Listing, OtherReading
from honmono.data.sources.items import Items


Frames = Literal["first", "all"]


@final
class EveryFrame(OtherReading):
    """A source whose files are split into frames; the frames of a file follow each other, in its place."""

    def listing(self) -> Listing:
        """The frames, `NAME#1` and so on where a file has several."""
        return self._listing[0]

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """The frames, file by file."""
        _, numbers = self._listing
        starts = array("Q", accumulate(numbers, initial=0))
        files = bisect_left(starts, count, hi=len(numbers))
        for at, content in self._source.contents(files):
            for frame in range(min(numbers[at], count - starts[at])):
                yield starts[at] + frame, content if numbers[at] == 1 else Frame(content, frame)

    @cached_property
    def _listing(self) -> tuple[Listing, "array[int]"]:
        listing = self._source.listing()
        numbers = array("I", (1,)) * len(listing.items)
        with progress("counting", len(numbers)) as advance:
            for at, number in in_parallel(number_of_frames, self._source.contents(len(numbers))):
                numbers[at] = number
                advance()
        names = (
            item.name if number == 1 else f"{item.name}#{frame + 1}"
            for item, number in zip(listing.items, numbers, strict=True)
            for frame in range(number)
        )
        labels = listing.items.labels
        repeated = None if labels is None else chain.from_iterable(map(repeat, labels, numbers))
        items = Items.of(names, repeated)
        many = sum(number > 1 for number in numbers)
        note = f"{many:,} files hold several frames, each of which is a picture (data.frames=all)"
        return replace(listing, items=items, notes=(*listing.notes, note) if many else listing.notes), numbers
