"""Sequences that lie in temporary files, so that memory does not grow with their length."""

import pickle
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from heapq import merge
from itertools import islice, pairwise
from typing import IO, Any, TypeVar, cast, final

from honmono.data.sources.indexed import Indexed
from honmono.errors import Failed


T = TypeVar("T")

_BLOCK = 32  # values that are written and read together: few, since to look up one all of them are read
_BLOCKS_KEPT = 512  # of those that were read last: as many classes can take turns without reading a block twice
_IN_MEMORY = 1 << 18  # bytes of a sequence that needs no file
_SORTED_AT_ONCE = 1 << 13  # values


@final
class Spooled(Indexed[T]):
    """Values of plain types (texts, numbers, tuples of these), one after the other; for one thread.

    Raises `Failed` where there is no room for them.
    """

    def __init__(self, values: Iterable[T] = ()) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)
        weakref.finalize(self, _close, self._file)
        self._starts = array("Q", (0,))  # of the blocks in the file, and where the next one will start
        self._last: list[T] = []  # the values after these
        self._block = lru_cache(_BLOCKS_KEPT)(partial(_read, self._file, self._starts))
        self.extend(values)

    def append(self, value: T) -> None:
        """Adds one at the end."""
        self._last.append(value)
        if len(self._last) == _BLOCK:
            self._write(pickle.dumps(self._last, protocol=5))
            self._last = []

    def extend(self, values: Iterable[T]) -> None:
        """Adds some at the end."""
        for value in values:
            self.append(value)

    def __len__(self) -> int:
        return (len(self._starts) - 1) * _BLOCK + len(self._last)

    def value(self, place: int) -> T:
        block, place = divmod(place, _BLOCK)
        return (self._last if block == len(self._starts) - 1 else self._block(block))[place]

    def __iter__(self) -> Iterator[T]:
        return self.between(0, len(self))

    def between(self, start: int, end: int) -> Iterator[T]:
        """The values from place `start` to `end`, without pushing others out of what is kept in memory."""
        while start < end:
            block, place = divmod(start, _BLOCK)
            held = self._last if block == len(self._starts) - 1 else _read(self._file, self._starts, block)
            yield from held[place : place + end - start]
            start += _BLOCK - place

    def rising(self) -> bool:
        """Whether they are sorted."""
        return all(cast(Any, before) <= after for before, after in pairwise(self))

    def _write(self, block: bytes) -> None:
        try:
            self._file.seek(self._starts[-1])
            self._file.write(block)
            self._file.flush()
        except OSError as error:
            raise no_room(error.strerror or str(error)) from error
        self._starts.append(self._file.tell())


def no_room(why: str) -> Failed:
    """The error where a temporary file cannot be written."""
    return Failed(f"a temporary file cannot be written ({why}): make room, or name another folder in TMPDIR")


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # of what could not be written before, either
        file.close()


def _read(file: IO[bytes], starts: "array[int]", block: int) -> list[Any]:
    file.seek(starts[block])
    return pickle.loads(file.read(starts[block + 1] - starts[block]))


def sort_spooled(values: Iterable[T]) -> Iterator[T]:
    """The values in rising order, equal ones in that in which they came; all are taken before the first is given."""
    waiting = iter(values)
    first = _sorted(islice(waiting, _SORTED_AT_ONCE))
    if len(first) < _SORTED_AT_ONCE:
        return iter(first)
    parts, ends = Spooled(first), [0, len(first)]
    while some := _sorted(islice(waiting, _SORTED_AT_ONCE)):
        parts.extend(some)
        ends.append(len(parts))
    return merge(*cast(Any, (parts.between(start, end) for start, end in zip(ends, ends[1:], strict=False))))


def _sorted(values: Iterable[T]) -> list[T]:
    return sorted(cast(Any, values))
