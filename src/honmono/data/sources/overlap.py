"""Pictures in more than one split of a data set, which spoil what is measured on the split left out."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from honmono.data.sources.base import Content
from honmono.data.sources.fingerprint import digests
from honmono.data.sources.splits import splits_among
from honmono.data.sources.spooled import Spooled
from honmono.data.sources.table import Table


class SplitFiles(NamedTuple):
    """The pictures of a split: their places, and the name and the file's bytes of the one at each of these.

    read: gives the contents of files by their places, in the order that is quickest.
    """

    places: Sequence[int]
    name: Callable[[int], str]
    size: Callable[[int], int]
    read: Callable[[Iterable[int]], Iterator[tuple[int, Content]]]


def size_of(path: str) -> int:
    """A file's bytes, -1 where it is not there."""
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def other_splits(taken: str, splits: Iterable[str]) -> list[str]:
    """Those of a set's splits whose pictures must not be among those of the split taken: to train, or to test with."""
    return [one for one in splits if one != taken and {*splits_among((one, taken)).values()} & {"test", "val"}]


def shared_pictures(
    here: SplitFiles, elsewhere: Sequence[SplitFiles], hashes: Sequence[bytes] = ()
) -> Sequence[tuple[str, str]]:
    """(name, name elsewhere) of each picture that is elsewhere too, byte by byte; only files of equal size are read.

    hashes: of the first pictures here, which need not be read.
    """
    there = Table(((part.size(at), None) for part in elsewhere for at in part.places), keep="first")
    of_here = (size for at in here.places if (size := here.size(at)) > 0 and size in there)
    both = Table(((size, None) for size in of_here), keep="first")
    known = ((here.name(at), one) for at, one in zip(here.places, hashes, strict=False) if here.size(at) in both)
    unknown = _hashed(here, islice(here.places, len(hashes), None), both)
    others = (one for part in elsewhere for one in _hashed(part, part.places, both))
    return _shared(chain(known, unknown), others)


def shared_contents(
    here: Iterable[tuple[str, Content]], elsewhere: Iterable[tuple[str, Content]]
) -> Sequence[tuple[str, str]]:
    """(name, name elsewhere) of each named content that is elsewhere too, byte by byte."""
    return _shared(digests(here), digests(elsewhere))


def _hashed(part: SplitFiles, places: Iterable[int], sizes: Table[int, None]) -> Iterator[tuple[str, bytes]]:
    """(name, hash) of the files at these places that have one of the sizes."""
    compared = (at for at in places if part.size(at) in sizes)
    return ((part.name(at), one) for at, one in digests(part.read(compared)))


def _shared(here: Iterable[tuple[str, bytes]], elsewhere: Iterable[tuple[str, bytes]]) -> Sequence[tuple[str, str]]:
    names = Table(((one, name) for name, one in elsewhere), keep="first")
    if not len(names):
        return ()
    return Spooled((name, other) for name, one in here if (other := names.get(one)) is not None)
