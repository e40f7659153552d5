"""A folder of pictures, with whatever says which classes they are of."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import final

from honmono.data.sources.base import Classes, Content, Listing, Source
from honmono.data.sources.fingerprint import (
    HASH_BYTES,
    Stamp,
    fingerprint_classes,
    fingerprint_hashes,
    fingerprint_left,
    hash_at,
)
from honmono.data.sources.items import Names
from honmono.data.sources.layout import Layout, hidden, lay_out
from honmono.data.sources.overlap import shared_pictures, size_of
from honmono.data.sources.own_labels import small_file


@final
class Folder(Source):
    """Every picture below a folder, links followed."""

    def __init__(self, root: Path, name: str, split: str | None, classes: Classes = "auto") -> None:
        self.root, self.name, self.split = root, name, split
        self._below = os.path.join(root, "")
        self._classes: Classes = classes
        self._hashes = bytearray()  # of the first pictures, as far as these were read

    def fingerprint(self) -> str:
        """The hash of the pictures' names and bytes, of their classes where the names alone do not give them, and of
        the names and sizes of those in splits that were not taken, since the record counts them."""
        return self._fingerprint

    def unread(self) -> str | None:
        """Where the files are not known by their time stamps, and will be."""
        return self._stamp.name if self._stamp.lasting() and self._stamp.remembered() is None else None

    def take_hashes(self, hashes: bytearray) -> None:
        """Takes the hashes of files that are read for their pixels."""
        self._hashes = hashes

    def listing(self) -> Listing:
        """The pictures, in turns among the classes."""
        return self._layout.listing

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """Paths: files are read where they are decoded."""
        yield from enumerate(self._below + name for name in self._pictures(0, count))

    def in_other_splits(self) -> tuple[tuple[str, str], ...]:
        """Compares files of equal size."""
        if not (left := self._sizes_left):
            return ()
        sizes = {at: size_of(self._below + self._names[at]) for at in self._layout.positions}
        read = range(len(self._hashes) // HASH_BYTES)
        known = {self._layout.positions[index]: hash_at(self._hashes, index) for index in read}
        return shared_pictures(self._layout, self._names, sizes | left, self._paths, known)

    def _paths(self, places: Sequence[int]) -> Iterator[tuple[int, Content]]:
        yield from ((at, self._below + self._names[at]) for at in places)

    def _texts(self, places: Sequence[int]) -> Mapping[int, bytes]:
        contents = ((at, small_file(self.root / self._names[at])) for at in places)
        return {at: content for at, content in contents if content is not None}

    @cached_property
    def _fingerprint(self) -> str:
        layout = self._layout
        content = self._stamp.remembered()
        if content is None:
            read = len(self._hashes) // HASH_BYTES
            unread = (self._below + name for name in self._pictures(read))
            count = len(self._layout.positions) - read
            content = fingerprint_hashes(self._pictures(), unread, count, self._hashes)
            self._stamp.remember(content)
        content = content if layout.plain else fingerprint_classes(content, layout.listing)
        sizes = {self._names[at]: size for at, size in self._sizes_left.items()}
        return fingerprint_left(content, sizes) if sizes else content

    def _pictures(self, first: int = 0, end: int | None = None) -> Iterator[str]:
        return (self._names[at] for at in self._layout.positions[first:end])

    @cached_property
    def _stamp(self) -> Stamp:
        return Stamp((name, self._below + name) for name in self._pictures())

    @cached_property
    def _sizes_left(self) -> dict[int, int]:
        return {at: size_of(self._below + self._names[at]) for at in self._layout.left}

    @cached_property
    def _names(self) -> Names:
        return Names(_files(self.root))

    @cached_property
    def _layout(self) -> Layout:
        return lay_out(self.name, self._names, self.split, self._classes, self._texts)


def _files(root: Path) -> Iterator[str]:
    """The files below `root`, as sorted `/`-separated names; a folder that links lead to twice is visited once."""
    visited: set[str] = set()
    waiting = [""]  # files, and folders with a "/" at the end, so that whole names are sorted; the next one last
    while waiting:
        name = waiting.pop()
        if name and not name.endswith("/"):
            yield name
            continue
        folder = os.path.join(root, name)
        visited.add(os.path.realpath(folder))
        inside: list[str] = []
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if not _is_folder(entry):
                    inside.append(name + entry.name)
                elif not hidden(entry.name) and os.path.realpath(entry.path) not in visited:
                    inside.append(f"{name}{entry.name}/")
        waiting += sorted(inside, reverse=True)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
