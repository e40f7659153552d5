"""The names and classes of many pictures, in few bytes each."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias, final, overload

import numpy as np

from honmono.data.sources.base import Item


Positions: TypeAlias = "array[int]"  # of type "I": places among the names of a source


def positions(numbers: Iterable[int] | np.ndarray = ()) -> Positions:
    """Places among names, four bytes each."""
    if isinstance(numbers, np.ndarray):
        return array("I", numbers.astype(np.uint32).tobytes())
    return array("I", numbers)


@final
class Names(Sequence[str]):
    """Names of files, one after the other in one buffer.

    rising: whether they are sorted.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._bytes, self._ends = bytearray(), array("Q", (0,))
        self.rising, last = True, ""
        for name in names:
            self._bytes += name.encode("utf-8", "surrogatepass")
            self._ends.append(len(self._bytes))
            self.rising, last = self.rising and last <= name, name

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        return self._bytes[self._ends[at] : self._ends[at + 1]].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        start = 0
        for end in self._ends[1:]:
            yield self._bytes[start:end].decode("utf-8", "surrogatepass")
            start = end


@final
class Items(Sequence[Item]):
    """The pictures at some positions among names, and their labels, where they have any."""

    def __init__(self, names: Sequence[str], at: Positions, labels: "array[int] | None") -> None:
        self._names, self._at, self._labels = names, at, labels

    def __len__(self) -> int:
        return len(self._at)

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> "Items": ...
    def __getitem__(self, at: int | slice) -> "Item | Items":
        if isinstance(at, slice):
            return Items(self._names, self._at[at], None if self._labels is None else self._labels[at])
        return Item(self._names[self._at[at]], None if self._labels is None else self._labels[at])
