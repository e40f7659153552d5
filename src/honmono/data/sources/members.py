"""The files in an archive."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, final

from honmono.data.sources.indexed import Indexed
from honmono.data.sources.spooled import Spooled


class Member(NamedTuple):
    """A file in an archive: its name, where it lies there, and its size in bytes."""

    name: str
    at: int
    size: int


@final
class Members(Indexed[Member]):
    """Files in an archive, in a temporary file.

    names: of all of them.
    """

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self.names = Spooled[str]()
        self._places = Spooled[tuple[int, int]]()
        self.extend(members)

    def append(self, member: Member) -> None:
        """Adds one at the end."""
        self.names.append(member.name)
        self._places.append((member.at, member.size))

    def extend(self, members: Iterable[Member]) -> None:
        """Adds some at the end."""
        for member in members:
            self.append(member)

    def __len__(self) -> int:
        return len(self.names)

    def value(self, place: int) -> Member:
        return Member(self.names[place], *self._places[place])

    def __iter__(self) -> Iterator[Member]:
        return (Member(name, *place) for name, place in zip(self.names, self._places, strict=True))
