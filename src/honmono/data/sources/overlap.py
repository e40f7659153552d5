"""Pictures in more than one split of a data set, which spoil what is measured on the split left out."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from honmono.data.parallel import in_parallel
from honmono.data.sources.base import Content, Unreadable
from honmono.data.sources.fingerprint import digest
from honmono.data.sources.layout import Layout
from honmono.data.sources.splits import splits_among


Read = Callable[[Sequence[int]], Iterator[tuple[int, Content]]]


def size_of(path: str) -> int:
    """A file's bytes, -1 where it is not there."""
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def other_splits(taken: str, splits: Iterable[str]) -> list[str]:
    """Those of a set's splits whose pictures must not be among those of the split taken: to train, or to test with."""
    return [one for one in splits if one != taken and {*splits_among((one, taken)).values()} & {"test", "val"}]


def shared_contents(
    here: Iterable[tuple[str, Content]], elsewhere: Iterable[tuple[str, Content]]
) -> tuple[tuple[str, str], ...]:
    """(name, name elsewhere) of each named content that is elsewhere too, byte by byte."""
    first: dict[bytes, str] = {}
    for name, one in _digests(elsewhere):
        first.setdefault(one, name)
    return tuple((name, first[one]) for name, one in _digests(here) if one in first) if first else ()


def _digests(contents: Iterable[tuple[str, Content]]) -> Iterator[tuple[str, bytes]]:
    names: list[str] = []

    def numbered() -> Iterator[tuple[int, Content]]:
        for name, content in contents:
            if not isinstance(content, Unreadable):
                names.append(name)
                yield len(names) - 1, content

    for index, one in in_parallel(digest, numbered()):
        yield names[index], one


def shared_pictures(
    layout: Layout,
    names: Sequence[str],
    sizes: Mapping[int, int] | Sequence[int],
    read: Read,
    known: Mapping[int, bytes] = {},
) -> tuple[tuple[str, str], ...]:
    """(name, name elsewhere) of each picture taken that another split has too, byte by byte.

    sizes: of the files at these positions among the names. read: gives their contents. known: some of their hashes.
    """
    if not layout.left:
        return ()
    elsewhere = {sizes[at] for at in layout.left}
    here = [at for at in layout.positions if sizes[at] in elsewhere and sizes[at] > 0]
    both = {sizes[at] for at in here}
    there = [at for at in layout.left if sizes[at] in both]
    unknown = [at for at in (*here, *there) if at not in known] if there else []
    contents = ((at, content) for at, content in read(unknown) if not isinstance(content, Unreadable))
    digests = {at: known[at] for at in (*here, *there) if at in known} | dict(in_parallel(digest, contents))
    first = {digests[at]: at for at in reversed(there) if at in digests}
    return tuple((names[at], names[first[digests[at]]]) for at in here if digests.get(at) in first)
