"""The names and classes of many pictures, in few bytes each."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias, final, overload

import numpy as np


class Item(NamedTuple):
    """One picture of a source: its name there, and the index of its class, None where the source has no classes."""

    name: str
    label: int | None


Positions: TypeAlias = "array[int]"  # of type "I": places among the names of a source


def positions(numbers: Iterable[int] | np.ndarray = ()) -> Positions:
    """Places among names, four bytes each."""
    if isinstance(numbers, np.ndarray):
        return array("I", numbers.astype(np.uint32, copy=False).tobytes())
    return array("I", numbers)


@final
class Names(Sequence[str]):
    """Names of files, one after the other in one buffer.

    rising: whether they are sorted.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._bytes, self._ends = bytearray(), array("Q", (0,))
        self.rising, self._last = True, ""
        for name in names:
            self.append(name)

    def append(self, name: str) -> None:
        """Adds one at the end."""
        self._bytes += name.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))
        self.rising, self._last = self.rising and self._last <= name, name

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
    """The pictures of a source: those at some positions among names.

    labels: the index of the class of each; None where the source has no classes.
    """

    def __init__(self, names: Sequence[str], at: Positions, labels: "array[int] | None") -> None:
        self._names, self._at, self.labels = names, at, labels

    @classmethod
    def of(cls, names: Iterable[str], labels: Iterable[int] | None) -> "Items":
        """All of these names."""
        named = Names(names)
        return cls(named, positions(range(len(named))), None if labels is None else array("i", labels))

    def unlabelled(self) -> "Items":
        """The same pictures without classes."""
        return Items(self._names, self._at, None)

    def __len__(self) -> int:
        return len(self._at)

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> "Items": ...
    def __getitem__(self, at: int | slice) -> "Item | Items":
        if isinstance(at, slice):
            return Items(self._names, self._at[at], None if self.labels is None else self.labels[at])
        return Item(self._names[self._at[at]], None if self.labels is None else self.labels[at])
