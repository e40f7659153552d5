"""The files in an archive, in few bytes each."""

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple, final, overload

from honmono.data.sources.items import Names


class Member(NamedTuple):
    """A file in an archive: its name, where it lies there, and its size in bytes."""

    name: str
    at: int
    size: int


@final
class Members(Sequence[Member]):
    """Files in an archive, one column for each of their fields."""

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self.names, self.at, self.sizes = Names(), array("Q"), array("Q")
        self.extend(members)

    def extend(self, members: Iterable[Member]) -> None:
        """Adds some at the end."""
        for name, at, size in members:
            self.names.append(name)
            self.at.append(at)
            self.sizes.append(size)

    def __len__(self) -> int:
        return len(self.at)

    @overload
    def __getitem__(self, at: int) -> Member: ...
    @overload
    def __getitem__(self, at: slice) -> "Members": ...
    def __getitem__(self, at: int | slice) -> "Member | Members":
        if isinstance(at, slice):
            return Members(self[one] for one in range(*at.indices(len(self))))
        return Member(self.names[at], self.at[at], self.sizes[at])
