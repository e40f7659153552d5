"""Pictures in a `.zip` or `.tar` archive, read where they lie: nothing is unpacked to disk."""

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import IO, cast, final

from honmono.data.sources.base import LARGEST_BYTES, Classes, Content, Listing, Source, Unreadable
from honmono.data.sources.fingerprint import fingerprint_files, fingerprint_left
from honmono.data.sources.foreign_bytes import reason, refusing
from honmono.data.sources.layout import Layout, hidden, lay_out, names_a_picture
from honmono.data.sources.links import Link, followed
from honmono.data.sources.members import Member, Members
from honmono.data.sources.names import parts_of
from honmono.data.sources.overlap import SplitFiles, shared_pictures, size_of
from honmono.data.sources.own_labels import LARGEST_TEXT
from honmono.data.sources.spooled import Spooled, sort_spooled
from honmono.data.sources.zip_names import ZipNames
from honmono.data.sources.zip_parts import zip_parts
from honmono.errors import Refused
from honmono.hooks import hook


_RULES = "archive, read by the rules of 2026"  # for classes and splits: other rules, other packed pictures
_LONGEST_TARGET = 4096  # bytes; paths of links are no longer anywhere
_ENCRYPTED = 1  # a zip member's flag
_CUT_SHORT = Unreadable("the archive is damaged or cut short here")


@dataclass(frozen=True)
class Held:
    """What an archive holds: files, links, (name, why) of members that are neither, and notes for users."""

    files: Members
    links: Sequence[Link]
    others: Sequence[tuple[str, str]] = ()
    notes: tuple[str, ...] = ()


class Archive(Source):
    """What archives share: members are named like a folder's files, and the same rule finds their classes.

    Links to members are read as these, like a folder's links; other links are among the files that are no pictures.
    """

    def __init__(self, path: Path, name: str, split: str | None, classes: Classes = "auto") -> None:
        self.path, self.name, self.split = path, name, split
        self._classes: Classes = classes
        self.stamped: Mapping[str, Path] = {_RULES: path}

    def fingerprint(self) -> str:
        """The hash of the whole archive, and of the names and sizes of the files of other splits that lie elsewhere,
        since the record names the pictures that these have too."""
        return self._fingerprint

    def listing(self) -> Listing:
        """The pictures, in turns among the classes."""
        return self._layout.listing

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """The pictures in the order in which the archive holds them."""
        yield from self.read(self._in_archive_order(enumerate(islice(self._layout.listing.items.places, count))))

    def in_other_splits(self) -> Sequence[tuple[str, str]]:
        """Compares files of equal size."""
        within = [self.split_files(self._layout.left)] if self._layout.left else []
        others = [one.split_files(named=f"{split}/") for split, one in self.elsewhere().items()]
        return shared_pictures(self.split_files(), [*within, *others]) if within or others else ()

    @hook
    def elsewhere(self) -> Mapping[str, "Archive"]:
        """The splits that were not taken and lie in archives of their own."""
        return {}

    def split_files(self, places: Sequence[int] | None = None, named: str = "") -> SplitFiles:
        """The files at these places, or the pictures, `named` before their names."""
        places = self._layout.listing.items.places if places is None else places
        files = self._files
        return SplitFiles(places, lambda at: named + files.names[at], lambda at: files[at].size, self._members)

    def _members(self, places: Iterable[int]) -> Iterator[tuple[int, Content]]:
        yield from self.read(self._in_archive_order((at, at) for at in places))

    def _in_archive_order(self, places: Iterable[tuple[int, int]]) -> Iterator[tuple[Member, int]]:
        """The files at places, given as (index, place), in the archive's order, each with its index."""
        members = ((self._files[at], index) for index, at in places)
        inside = sort_spooled((member.at, index, member.name, member.size) for member, index in members)
        yield from ((Member(name, at, size), index) for at, index, name, size in inside)

    def _texts(self, places: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        small = (at for at in places if self._files[at].size <= LARGEST_TEXT)
        return ((at, content) for at, content in self._members(small) if isinstance(content, bytes))

    @abstractmethod
    def few(self, most: int) -> Sequence[Member]:
        """Its files where they are at most so many and none is named as a picture; () else, found out early."""

    @abstractmethod
    def look(self) -> Held:
        """What the archive holds, in its order."""

    @abstractmethod
    def read(self, wanted: Iterable[tuple[Member, int]]) -> Iterator[tuple[int, Content]]:
        """(index, bytes) for each (member, index); these come in the order in which they lie there."""

    @cached_property
    def _fingerprint(self) -> str:
        content = fingerprint_files(self.stamped)
        left = [
            (f"{split}/{name}", size_of(str(path)))
            for split, one in self.elsewhere().items()
            for name, path in one.stamped.items()
        ]
        return fingerprint_left(content, left) if left else content

    @cached_property
    def _held(self) -> Held:
        """The same with its links followed: those that lead nowhere are among the others."""
        held = self.look()
        files = Members(member for member in held.files if parts_of(member.name))  # damaged names may be empty
        more, skipped = followed(files, held.links)
        files.extend(more)
        return replace(held, files=files, links=(), others=[*held.others, *skipped])

    @property
    def _files(self) -> Members:
        return self._held.files

    @cached_property
    def _layout(self) -> Layout:
        layout = lay_out(self.name, self._files.names, self.split, self._classes, self._texts)
        leading_out = [name for name in self._files.names if ".." in parts_of(name)]
        if leading_out and not layout.listing.items:
            raise Refused(f"{self.name} has only files whose names lead out of the archive, such as {leading_out[0]!r}")
        outside = [(name, "a name that leads out of the archive") for name in leading_out]
        strays = Spooled(
            chain(layout.listing.strays, (one for one in self._held.others if not hidden(one[0])), outside)
        )
        notes = (*self._held.notes, *layout.listing.notes)
        return replace(layout, listing=replace(layout.listing, strays=strays, notes=notes))


@final
class Zip(Archive):
    """A `.zip` archive."""

    def few(self, most: int) -> Sequence[Member]:
        """Its files, where they are few."""
        files = self.look().files
        return () if len(files) > most or any(names_a_picture(member.name) for member in files) else files

    def look(self) -> Held:
        """What the archive's directory names. A link's content is its target."""
        files, links = Members(), list[Link]()
        others: list[tuple[str, str]] = []
        readable = False
        with refusing(self.name, "a zip archive"):
            names = ZipNames(one for _, part in zip_parts(self.path) for one in part.infolist())
            for first, part in zip_parts(self.path):
                for at, one in enumerate(part.infolist(), first):
                    if not _is_link(one):
                        if not one.filename.endswith("/"):
                            files.append(Member(names.of(one), at, one.file_size))
                            readable = readable or not one.flag_bits & _ENCRYPTED
                    elif (target := _target(part, one)) is not None:
                        links.append(Link(names.of(one), target))
                    else:
                        others.append((names.of(one), "a link that cannot be read"))
        if files and not readable:
            raise Refused(f"{self.name} is encrypted: unpack it with its password, and give the folder")
        return Held(files, links, others, notes=() if names.note is None else (names.note,))

    def read(self, wanted: Iterable[tuple[Member, int]]) -> Iterator[tuple[int, Content]]:
        """The members; what is encrypted or damaged says so."""
        parts = zip_parts(self.path)
        first, archive = next(parts)
        for member, index in wanted:
            while member.at >= first + len(archive.filelist):
                first, archive = next(parts)
            yield index, _unzipped(archive, archive.filelist[member.at - first])


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _target(archive: zipfile.ZipFile, link: zipfile.ZipInfo) -> str | None:
    if link.file_size > _LONGEST_TARGET:
        return None
    content = _unzipped(archive, link)
    return content.decode("utf-8", "surrogateescape") if isinstance(content, bytes) else None


def _unzipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Content:
    if member.file_size > LARGEST_BYTES:
        return Unreadable(f"too big: a file of {member.file_size:,} bytes")
    if member.flag_bits & _ENCRYPTED:
        return Unreadable("encrypted")
    try:
        return archive.read(member)
    except Exception as error:  # of a dozen kinds, by the method of compression
        return Unreadable(f"cannot be unpacked: {reason(error)}")


@final
class Tar(Archive):
    """A `.tar` archive, plain or compressed, read from its beginning to its end."""

    _few: list[Member] | None = None

    def few(self, most: int) -> Sequence[Member]:
        """Its files, where they are few: of an archive of pictures no more is read than the first."""
        if self._few is None:
            files: list[Member] = []
            for member in _members(self.path):
                files += [Member(member.name, member.offset_data, member.size)] if _is_file(member) else []
                if len(files) > most or (files and names_a_picture(files[-1].name)):
                    files = []
                    break
            self._few = files
        return self._few

    def look(self) -> Held:
        """Its members, as far as it can be read."""
        files = Members()
        links: list[Link] = []
        others: list[tuple[str, str]] = []
        for member in _members(self.path):
            if member.issym() or member.islnk():
                links.append(Link(member.name, member.linkname, from_root=member.islnk()))
            elif _is_file(member):
                files.append(Member(member.name, member.offset_data, member.size))
            elif not member.isdir():
                others.append((member.name, "a sparse file" if member.issparse() else "neither a file nor a link"))
        if not files:
            raise Refused(f"{self.name} cannot be read as a tar archive, or holds no files")
        return Held(files, links, others)

    def read(self, wanted: Iterable[tuple[Member, int]]) -> Iterator[tuple[int, Content]]:
        """The members; those beyond the place where the archive is cut short say so."""
        at, content = -1, b""
        with _unpacked(self.path) as stream:
            for member, index in wanted:
                # Several names may lead to one file, and a packed stream cannot go back.
                if member.at != at and content is not _CUT_SHORT:
                    at, content = member.at, _read_at(stream, member.at, member.size)
                yield index, content


def _members(path: Path) -> Iterator[tarfile.TarInfo]:
    """The members of a tar archive, up to where it is damaged or cut short."""
    with suppress(Exception), tarfile.open(path, "r|*") as archive:
        for member in archive:
            yield member
            # tarfile would keep every member that it has passed
            archive.members.clear()  # pyright: ignore[reportAttributeAccessIssue]


def _is_file(member: tarfile.TarInfo) -> bool:
    return member.isreg() and not member.issparse()


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
    try:
        stream.seek(start)
        content = stream.read(size)
    except Exception:  # of a dozen kinds, by the method of compression
        return _CUT_SHORT
    return content if len(content) == size else _CUT_SHORT
