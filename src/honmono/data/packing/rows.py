"""Where the pixels of pictures are kept: an .npy file of uint8 rows that several processes write."""

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, final

import numpy as np


_AT_ONCE = 1 << 17  # bytes that are read back together


class RowsAt(NamedTuple):
    """Places for rows in a file: its path, where the first one starts, and the bytes of each."""

    path: str
    start: int
    size: int

    def write(self, first: int, rows: Sequence[bytes]) -> None:
        """Fills places from `first` on; those of empty rows hold anything."""
        with open(self.path, "rb+") as file:
            file.seek(self.start + first * self.size)
            file.write(b"".join(row or bytes(self.size) for row in rows))


class Rows(ABC):
    """Rows of pixels that are written in any order, and then kept or not, one after the other."""

    @abstractmethod
    def begin(self, shape: tuple[int, int, int]) -> RowsAt | None:
        """Forgets what was kept, and gives the places of rows of that shape, None where they are not to be written."""

    @abstractmethod
    def keep(self, kept: bool) -> None:
        """Whether the row in the next place, which was written by now, is kept."""


@final
class Nowhere(Rows):
    """Keeps nothing."""

    def begin(self, shape: tuple[int, int, int]) -> None:
        """Nothing to begin."""

    def keep(self, kept: bool) -> None:
        """Forgotten at once."""


@final
class RowFile(Rows):
    """The file, in which the rows kept are moved together.

    digest: of what it holds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.digest = hashlib.blake2b(digest_size=16)
        self._file = open(path, "wb+", buffering=0)  # others write to it, too
        self._shape: tuple[int, ...] = ()
        self._start = self._size = self._count = self._passed = 0
        self._next: list[bool] = []

    def begin(self, shape: tuple[int, int, int]) -> RowsAt:
        self._file.seek(0)
        self._file.truncate()
        self._shape, self._size = shape, math.prod(shape)
        self._count = self._passed = 0
        self._next = []
        self.digest = hashlib.blake2b(digest_size=16)
        self._write_header()
        self._start = self._file.tell()
        return RowsAt(str(self.path), self._start, self._size)

    def keep(self, kept: bool) -> None:
        self._next.append(kept)
        if len(self._next) * self._size >= _AT_ONCE:
            self._take()

    def append(self, pixels: bytes, count: int) -> None:
        """Keeps rows that are not in the file yet."""
        self._write(self._start + self._count * self._size, pixels)
        self.digest.update(pixels)
        self._count += count

    def rows(self, places: Iterable[int]) -> Iterator[bytes]:
        """The rows at some places of the file, which was closed."""
        with open(self.path, "rb") as file:
            for place in places:
                file.seek(self._start + place * self._size)
                yield file.read(self._size)

    def close(self) -> None:
        """Ends the file behind the last row that is kept."""
        self._take()
        self._file.truncate(self._start + self._count * self._size)
        # NumPy pads the header for as many rows as may come, so that rewriting it moves nothing.
        if self._count:
            self._file.seek(0)
            self._write_header()
            assert self._file.tell() == self._start
        self._file.close()

    def _take(self) -> None:
        """Reads the next rows, and moves those that are kept to where the kept ones end."""
        count, size = len(self._next), self._size
        self._file.seek(self._start + self._passed * size)
        rows = self._file.read(count * size)
        moved = self._count < self._passed or not all(self._next)
        if not all(self._next):
            rows = b"".join(rows[at * size : (at + 1) * size] for at, kept in enumerate(self._next) if kept)
        if moved:
            self._write(self._start + self._count * size, rows)
        self.digest.update(rows)
        self._count += sum(self._next)
        self._passed += count
        self._next = []

    def _write(self, at: int, data: bytes) -> None:
        self._file.seek(at)
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]

    def _write_header(self) -> None:
        header = {"descr": "|u1", "fortran_order": False, "shape": (self._count, *self._shape)}
        np.lib.format.write_array_header_1_0(self._file, header)
