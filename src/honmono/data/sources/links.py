"""Where the links in an archive lead: to other members of it, as they would once it is unpacked."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from honmono.data.sources.members import Member


_MOST_HOPS = 40  # from link to link, as on Linux
_MOST_FOLLOWED = 1_000_000  # names; a few links to folders of links can give any number of files
_OUT = "a link that leads out of the archive"
_LOOP = "a link that leads back to itself"
_NOTHING = "a link that leads to nothing in the archive"
_TOO_DEEP = f"a link below {_MOST_HOPS} others"
_TOO_MANY = f"a link after {_MOST_FOLLOWED:,} names that links have given already"


class Link(NamedTuple):
    """A member that refers to another: its name and that of its target, from its own folder or from the root."""

    name: str
    target: str
    from_root: bool = False


class _Nowhere(Exception):
    """Why a link is not followed, in a few words."""


def followed(members: Sequence[Member], links: Sequence[Link]) -> tuple[list[Member], list[tuple[str, str]]]:
    """The files that links lead to, under the links' names, and (name, why) of the links that lead to none.

    A link to a folder gives every file below it; one to a folder that it lies in itself is not followed.
    """
    if not links:
        return [], []
    tree = _Tree({_plain(member.name): member for member in members}, {_plain(link.name): link for link in links})
    found: list[Member] = []
    skipped: list[tuple[str, str]] = []
    for link in links:
        for name, reached in tree.behind(link.name, _plain(link.name), ()):
            if len(found) + len(skipped) >= _MOST_FOLLOWED:
                skipped.append((link.name, _TOO_MANY))
                break
            if isinstance(reached, str):
                skipped.append((name, reached))
            else:
                found.append(reached._replace(name=name))
    return found, skipped


class _Tree:
    """An archive's files and links by their plain names."""

    def __init__(self, files: Mapping[str, Member], links: Mapping[str, Link]) -> None:
        self._files, self._links = files, links
        self._names = sorted([*files, *links])

    def behind(self, name: str, path: str, above: tuple[str, ...]) -> Iterator[tuple[str, Member | str]]:
        """(name, file or why there is none) of what `path` leads to. above: the folders that led to it."""
        try:
            real = self._resolved(path)
            if real in self._files:
                yield name, self._files[real]
                return
            inside = self._below(real)
            if f"{path}/".startswith(real and f"{real}/") or real in above:
                raise _Nowhere(_LOOP)
            if len(above) == _MOST_HOPS:
                raise _Nowhere(_TOO_DEEP)
            if not inside:
                raise _Nowhere(_NOTHING)
        except _Nowhere as nowhere:
            yield name, str(nowhere)
            return
        for place in inside:
            below = f"{name}/{place[len(real) + 1 :]}"
            if place in self._files:
                yield below, self._files[place]
            else:
                yield from self.behind(below, place, (*above, real))

    def _below(self, folder: str) -> list[str]:
        # "0" comes right after "/".
        return self._names[bisect_left(self._names, f"{folder}/") : bisect_left(self._names, f"{folder}0")]

    def _resolved(self, path: str) -> str:
        """The path without links and `..` in it; raises `_Nowhere`."""
        done: list[str] = []
        waiting, hops = path.split("/")[::-1], 0
        while waiting:
            part = waiting.pop()
            if part == ".." and not done:
                raise _Nowhere(_OUT)
            if part == "..":
                done.pop()
            elif (link := self._links.get("/".join([*done, part]))) is not None:
                hops += 1
                if hops > _MOST_HOPS:
                    raise _Nowhere(_LOOP)
                if link.target.startswith("/") and not link.from_root:
                    raise _Nowhere(_OUT)
                done = [] if link.from_root else done
                waiting += _plain(link.target).split("/")[::-1]
            elif part:
                done.append(part)
        return "/".join(done)


def _plain(name: str) -> str:
    """A name without `.` and doubled or leading slashes; `..` stays."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))
