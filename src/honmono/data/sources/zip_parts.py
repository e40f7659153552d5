"""Large zip archives in parts, since `zipfile` holds the whole directory of an archive in memory."""

import errno
import io
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, final


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
        cuts, place = _cuts(file) or ([], 0)
        if len(cuts) < 3:
            with zipfile.ZipFile(path) as archive:
                yield 0, archive
            return
        for number, (start, end) in enumerate(zip(cuts, cuts[1:], strict=False)):
            file.seek(start)
            directory = file.read(end - start)
            with zipfile.ZipFile(
                io.BufferedReader(_Part(file, cuts[0], directory + _ending(directory, place)))
            ) as part:
                yield number * _AT_ONCE, part


def _cuts(file: IO[bytes]) -> tuple[list[int], int] | None:
    """Where the directory starts, where every so many of its entries start, where it ends, and its place as the archive
    states it; None where it is not as it should be."""
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
    return (cuts, place) if at == end else None


def _ending(directory: bytes, place: int) -> bytes:
    """What follows a directory, in the form for archives of any size; `place` is where the archive says that it is."""
    number, entry = 0, 0
    while entry < len(directory):
        _, *lengths = _ENTRY.unpack_from(directory, entry)
        entry += _ENTRY.size + sum(lengths)
        number += 1
    end = _END_64.pack(b"PK\6\6", _END_64.size - 12, 45, 45, 0, 0, number, number, len(directory), place)
    locator = _LOCATOR.pack(b"PK\6\7", 0, place + len(directory), 1)
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

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self._at < self._length:
            self._file.seek(self._at)
            held = self._file.read(min(len(buffer), self._length - self._at))
        else:
            start = self._at - self._length
            held = self._after[start : start + len(buffer)]
        buffer[: len(held)] = held
        self._at += len(held)
        return len(held)
