"""A few files under names, wherever they lie: what readers of array formats look through."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import final

from honmono.data.sources.archive import Archive
from honmono.data.sources.base import Unreadable
from honmono.data.sources.layout import hidden, names_a_picture
from honmono.errors import Refused


MOST_FILES = 1000  # of a set of arrays; what has more is a set of pictures in files of their own
_DEEPEST = 4  # folders below the one that was named
_START = 256  # bytes that identify a format

Fetched = Path | bytes


class Files(ABC):
    """Files under `/`-separated names, without hidden ones.

    only: the one of them that the user named; None where a whole folder or archive is meant.
    names: sorted; () where there are too many for a set of arrays, or pictures among them.
    """

    only: str | None = None

    @cached_property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """The files' names."""

    @abstractmethod
    def fetch(self, names: Sequence[str]) -> Mapping[str, Fetched]:
        """Each file as a path, or as bytes where it has none; raises `Refused` where it cannot be read."""

    @abstractmethod
    def start(self, name: str) -> bytes:
        """The first bytes of a file; b"" where they are not cheap to have."""

    @abstractmethod
    def stamped(self, names: Sequence[str]) -> Mapping[str, Path]:
        """The files on the disk that these depend on."""


@final
class FilesOfFolder(Files):
    """The files below a folder; or one file, and those beside it that may explain it."""

    def __init__(self, path: Path) -> None:
        self.root = path if path.is_dir() else path.parent
        self.only = None if path.is_dir() else path.name

    @cached_property
    def names(self) -> Sequence[str]:
        if self.only is not None:
            with suppress(OSError):
                beside = [entry.name for entry in os.scandir(self.root) if entry.is_file() and not hidden(entry.name)]
                return sorted({self.only, *beside})
            return [self.only]
        found: list[str] = []
        for name in _below(self.root, "", 0):
            found.append(name)
            if names_a_picture(name) or len(found) > MOST_FILES:
                return ()
        return sorted(found)

    def fetch(self, names: Sequence[str]) -> Mapping[str, Fetched]:
        return {name: self.root / name for name in names}

    def start(self, name: str) -> bytes:
        with suppress(OSError), open(self.root / name, "rb") as file:
            return file.read(_START)
        return b""

    def stamped(self, names: Sequence[str]) -> Mapping[str, Path]:
        return {name: self.root / name for name in names}


@final
class FilesOfArchive(Files):
    """The members of an archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    @cached_property
    def names(self) -> Sequence[str]:
        few = self._archive.few(MOST_FILES)
        names = sorted(member.name for member in few if not hidden(member.name))
        return () if any(map(names_a_picture, names)) else names

    def fetch(self, names: Sequence[str]) -> Mapping[str, Fetched]:
        members = {member.name: member for member in self._archive.few(MOST_FILES)}
        wanted = sorted(((members[name], at) for at, name in enumerate(names)), key=lambda one: one[0].at)
        fetched: dict[str, Fetched] = {}
        for at, content in self._archive.read(wanted):
            if isinstance(content, Unreadable):
                raise Refused(f"{self._archive.name}: {names[at]} cannot be read: {content.why}")
            assert isinstance(content, bytes)
            fetched[names[at]] = content
        return fetched

    def start(self, name: str) -> bytes:
        """Of tables alone: a member is unpacked whole for it."""
        with suppress(Refused):
            fetched = self.fetch([name])[name] if name.lower().endswith(".csv") else b""
            return fetched[:_START] if isinstance(fetched, bytes) else b""
        return b""

    def stamped(self, names: Sequence[str]) -> Mapping[str, Path]:
        return self._archive.stamped


def _below(folder: Path, prefix: str, depth: int) -> Iterator[str]:
    """The files below a folder, its own first, found one after the other."""
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if hidden(entry.name):
                    continue
                if entry.is_dir():
                    folders.append(entry.name)
                else:
                    yield prefix + entry.name
    except OSError:
        return
    if depth < _DEEPEST:
        for name in sorted(folders):
            yield from _below(folder / name, f"{prefix}{name}/", depth + 1)
