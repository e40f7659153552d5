"""Large zip archives in parts, since `zipfile` holds the whole directory of an archive in memory."""

import errno
import io
import os
import struct
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple, final


_AT_ONCE = 2048  # members
_ENTRY = struct.Struct("<4s24x3H12x")  # of the directory: its mark, and the lengths of name, extra field and comment
_END = struct.Struct("<4s2x2x2x2xLLH")  # its mark, the directory's size and place, and the length of the comment
_LOCATOR = struct.Struct("<4sLQL")  # of the following one
_END_64 = struct.Struct("<4sQ2H2L4Q")  # its mark, ..., the numbers of members, the directory's size and place
_LONGEST_COMMENT = 65_535


def zip_parts(path: Path) -> Iterator[tuple[int, zipfile.ZipFile]]:
    """The archive as several that have some thousand of its members each, and the number of members before these.

    One that is small, or that has an unusual directory, is one part. Raises whatever `zipfile` does.
    """
    with open(path, "rb") as file:
        found = _directory(file)
        if found is None or found.number <= _AT_ONCE:
            with zipfile.ZipFile(path) as archive:
                yield 0, archive
            return
        for first, (start, end) in zip(range(0, found.number, _AT_ONCE), pairwise(found.cuts), strict=True):
            file.seek(start)
            after = file.read(end - start) + _ending(min(_AT_ONCE, found.number - first), end - start, found.place)
            with zipfile.ZipFile(io.BufferedReader(_Part(file, found.cuts[0], after))) as part:
                yield first, part


class _Directory(NamedTuple):
    """The directory of an archive.

    cuts: where it starts, where every so many of its entries start, and where it ends. number: of its entries.
    place: where the archive says that it starts; what lies before the archive in its file does not count there.
    """

    cuts: list[int]
    number: int
    place: int


def _directory(file: IO[bytes]) -> _Directory | None:
    """The directory of an archive; None where it is not as it should be."""
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - _END.size - _LONGEST_COMMENT))
    tail = file.read()
    end = length - len(tail) + (found := tail.rfind(b"PK\5\6"))
    if found < 0 or len(tail) < found + _END.size:
        return None
    _, size, place, _ = _END.unpack_from(tail, found)
    if found >= _LOCATOR.size + _END_64.size and tail[found - _LOCATOR.size :].startswith(b"PK\6\7"):
        mark, *_, size, place = _END_64.unpack_from(tail, found - _LOCATOR.size - _END_64.size)
        end -= _LOCATOR.size + _END_64.size
        if mark != b"PK\6\6":
            return None
    cuts, number = [end - size], 0
    at = file.seek(max(0, cuts[0]))
    while at < end:
        entry = file.read(_ENTRY.size)
        if len(entry) < _ENTRY.size or not entry.startswith(b"PK\1\2"):
            return None
        _, *lengths = _ENTRY.unpack(entry)
        at = file.seek(sum(lengths), os.SEEK_CUR)
        number += 1
        if number % _AT_ONCE == 0 or at >= end:
            cuts.append(at)
    return _Directory(cuts, number, place) if at == end else None


def _ending(number: int, size: int, place: int) -> bytes:
    """What follows a directory of so many entries and bytes, in the form for archives of any size."""
    end = _END_64.pack(b"PK\6\6", _END_64.size - 12, 45, 45, 0, 0, number, number, size, place)
    locator = _LOCATOR.pack(b"PK\6\7", 0, place + size, 1)
    return end + locator + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)


@final
class _Part(io.RawIOBase):
    """A file up to a place, and other bytes from there on."""

    def __init__(self, file: IO[bytes], length: int, after: bytes) -> None:
        self._file, self._length, self._after = file, length, after
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length + len(self._after)}
        if starts[whence] + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._at = starts[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at < self._length:
            self._file.seek(self._at)
            held = self._file.read(min(len(buffer), self._length - self._at))
        else:
            start = self._at - self._length
            held = self._after[start : start + len(buffer)]
        buffer[: len(held)] = held
        self._at += len(held)
        return len(held)
