"""A folder of pictures, with whatever says which classes they are of."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import final

from honmono.data.sources.base import Classes, Content, Listing, Source
from honmono.data.sources.fingerprint import (
    Stamp,
    fingerprint_classes,
    fingerprint_hashes,
    fingerprint_left,
)
from honmono.data.sources.layout import Layout, hidden, lay_out
from honmono.data.sources.overlap import SplitFiles, shared_pictures, size_of
from honmono.data.sources.own_labels import small_file
from honmono.data.sources.spooled import Spooled, sort_spooled


@final
class Folder(Source):
    """Every picture below a folder, links followed."""

    def __init__(self, root: Path, name: str, split: str | None, classes: Classes = "auto") -> None:
        self.root, self.name, self.split = root, name, split
        self._below = os.path.join(root, "")
        self._classes: Classes = classes
        self._hashes = Spooled[bytes]()  # of the first pictures, as far as these were read

    def fingerprint(self) -> str:
        """The hash of the pictures' names and bytes, of their classes where the names alone do not give them, and of
        the names and sizes of those in splits that were not taken, since the record counts them."""
        return self._fingerprint

    def unread(self) -> str | None:
        """Where the files are not known by their time stamps, and will be."""
        return self._stamp.name if self._stamp.lasting() and self._stamp.remembered() is None else None

    def take_hashes(self, hashes: Spooled[bytes]) -> None:
        """Takes the hashes of files that are read for their pixels."""
        self._hashes = hashes

    def listing(self) -> Listing:
        """The pictures, in turns among the classes."""
        return self._layout.listing

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """Paths: files are read where they are decoded."""
        yield from enumerate(self._below + name for name in self._pictures(0, count))

    def in_other_splits(self) -> Sequence[tuple[str, str]]:
        """Compares files of equal size."""
        if not self._layout.left:
            return ()
        here, left = (
            SplitFiles(places, self._names.value, lambda at: size_of(self._path(at)), self._paths)
            for places in (self._layout.listing.items.places, self._layout.left)
        )
        return shared_pictures(here, [left], self._hashes)

    def _path(self, at: int) -> str:
        return self._below + self._names[at]

    def _paths(self, places: Iterable[int]) -> Iterator[tuple[int, Content]]:
        yield from ((at, self._path(at)) for at in places)

    def _texts(self, places: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        contents = ((at, small_file(self.root / self._names[at])) for at in places)
        return ((at, content) for at, content in contents if content is not None)

    @cached_property
    def _fingerprint(self) -> str:
        layout = self._layout
        content = self._stamp.remembered()
        if content is None:
            read = len(self._hashes)
            unread = (self._below + name for name in self._pictures(read))
            count = len(layout.listing.items) - read
            content = fingerprint_hashes(self._pictures(), unread, count, self._hashes)
            self._stamp.remember(content)
        content = content if layout.plain else fingerprint_classes(content, layout.listing)
        sizes = ((self._names[at], size_of(self._path(at))) for at in layout.left)
        return fingerprint_left(content, sizes) if layout.left else content

    def _pictures(self, first: int = 0, end: int | None = None) -> Iterator[str]:
        return (self._names[at] for at in islice(self._layout.listing.items.places, first, end))

    @cached_property
    def _stamp(self) -> Stamp:
        return Stamp((name, self._below + name) for name in self._pictures())

    @cached_property
    def _names(self) -> Spooled[str]:
        return Spooled(_files(self.root))

    @cached_property
    def _layout(self) -> Layout:
        return lay_out(self.name, self._names, self.split, self._classes, self._texts)


def _files(root: Path) -> Iterator[str]:
    """The files below `root`, as sorted `/`-separated names; a folder that links lead to twice is visited once."""
    visited: set[str] = set()
    waiting = [iter([""])]  # what is left of folders, each within the one before
    while waiting:
        name = next(waiting[-1], None)
        if name is None:
            waiting.pop()
        elif name and not name.endswith("/"):
            yield name
        else:
            waiting.append(sort_spooled(_inside(root, name, visited)))


def _inside(root: Path, folder: str, visited: set[str]) -> Iterator[str]:
    """The names of what is directly in a folder; those of folders, which were not visited, end with a "/", so that
    whole names are sorted."""
    visited.add(os.path.realpath(os.path.join(root, folder)))
    with suppress(OSError), os.scandir(os.path.join(root, folder)) as entries:
        for entry in entries:
            if not _is_folder(entry):
                yield folder + entry.name
            elif not hidden(entry.name) and os.path.realpath(entry.path) not in visited:
                yield f"{folder}{entry.name}/"


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
