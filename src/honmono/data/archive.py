"""Pictures in a `.zip` or `.tar` archive, read where they lie: nothing is unpacked to disk."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import IO, cast, final

from honmono.data.decode import LARGEST_BYTES
from honmono.data.fingerprint import fingerprint_files
from honmono.data.layout import Layout, lay_out
from honmono.data.source import Content, Listing, Source, Unreadable
from honmono.errors import Refused


class Archive(Source):
    """What archives share: members are named like a folder's files, and the same rule finds their classes."""

    def __init__(self, path: Path, name: str, split: str | None) -> None:
        self.path, self.name, self.split = path, name, split

    def fingerprint(self) -> str:
        """The hash of the whole archive."""
        return fingerprint_files({"archive": self.path})

    def listing(self) -> Listing:
        """The pictures, in turns among the classes."""
        return self._layout.listing

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """The pictures in the order in which the archive holds them."""
        index_at = {position: index for index, position in enumerate(self._layout.positions[:count])}
        yield from self.members(index_at)

    @abstractmethod
    def names(self) -> list[str]:
        """The names of the archive's files, in its order."""

    @abstractmethod
    def members(self, index_at: dict[int, int]) -> Iterator[tuple[int, Content]]:
        """(index_at[position], bytes) for the files at those positions in `names`."""

    @cached_property
    def _layout(self) -> Layout:
        return lay_out(self.name, self.names(), self.split)


@final
class Zip(Archive):
    """A `.zip` archive."""

    def names(self) -> list[str]:
        """The names in the archive's directory."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                return [member.filename for member in archive.infolist() if not member.is_dir()]
        except (zipfile.BadZipFile, OSError) as error:
            raise Refused(f"{self.name} cannot be read as a zip archive: {error}") from error

    def members(self, index_at: dict[int, int]) -> Iterator[tuple[int, Content]]:
        """The members at those positions; what is encrypted or damaged says so."""
        with zipfile.ZipFile(self.path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            for position in sorted(index_at):
                yield index_at[position], _unzipped(archive, members[position])


def _unzipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Content:
    if member.file_size > LARGEST_BYTES:
        return Unreadable(f"too big: a file of {member.file_size:,} bytes")
    try:
        return archive.read(member)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:  # RuntimeError: encrypted
        return Unreadable(f"cannot be unpacked: {error}")


@final
class Tar(Archive):
    """A `.tar` archive, plain or compressed, read from its beginning to its end."""

    def names(self) -> list[str]:
        """The names of its files; where it is cut short, as far as it goes."""
        if not self._files:
            raise Refused(f"{self.name} cannot be read as a tar archive, or holds no files")
        return [name for name, _, _ in self._files]

    def members(self, index_at: dict[int, int]) -> Iterator[tuple[int, Content]]:
        """The members at those positions; those beyond the place where the archive is cut short say so."""
        positions = sorted(index_at)
        done = 0
        try:
            with _unpacked(self.path) as stream:
                for position in positions:
                    _, start, size = self._files[position]
                    content = _read_at(stream, start, size)
                    done += 1
                    yield index_at[position], content
        except (EOFError, OSError, zlib.error, lzma.LZMAError):
            for position in positions[done:]:
                yield index_at[position], Unreadable("the archive is damaged or cut short here")

    @cached_property
    def _files(self) -> list[tuple[str, int, int]]:
        """(name, first byte, size) of each file in the unpacked stream, as far as it can be read."""
        files = []
        try:
            with tarfile.open(self.path, "r|*") as archive:
                for member in archive:
                    if member.isreg() and not member.issparse():
                        files.append((member.name, member.offset_data, member.size))
                    # tarfile would keep every member that it has passed
                    archive.members.clear()  # pyright: ignore[reportAttributeAccessIssue]
        except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError):
            pass
        return files


def _unpacked(path: Path) -> IO[bytes]:
    with open(path, "rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(path))
    if start.startswith(b"BZh"):
        return cast(IO[bytes], bz2.open(path))
    if start.startswith(b"\xfd7zXZ\x00"):
        return cast(IO[bytes], lzma.open(path))
    return open(path, "rb")


def _read_at(stream: IO[bytes], start: int, size: int) -> Content:
    if size > LARGEST_BYTES:
        return Unreadable(f"too big: a file of {size:,} bytes")
    stream.seek(start)
    content = stream.read(size)
    if len(content) < size:
        raise EOFError
    return content
