"""A folder of pictures, with whatever says which classes they are of."""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import final

from honmono.data.sources.base import Classes, Content, Listing, Source
from honmono.data.sources.fingerprint import Stamp, fingerprint_classes, fingerprint_digests, fingerprint_left
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
        self._digests: dict[str, bytes] = {}  # hashes of files by their names, as far as these were read

    def fingerprint(self) -> str:
        """The hash of the pictures' names and bytes, of their classes where the names alone do not give them, and of
        the names and sizes of those in splits that were not taken, since the record counts them."""
        return self._fingerprint

    def unread(self) -> str | None:
        """Where the files are not known by their time stamps, and will be."""
        return self._stamp.name if self._stamp.lasting() and self._stamp.remembered() is None else None

    def take_hashes(self, hashes: dict[str, bytes]) -> None:
        """Takes the hashes of files that are read for their pixels."""
        self._digests |= hashes

    def listing(self) -> Listing:
        """The pictures, in turns among the classes."""
        return self._layout.listing

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """Paths: files are read where they are decoded."""
        for index, at in enumerate(self._layout.positions[:count]):
            yield index, self._below + self._names[at]

    def in_other_splits(self) -> tuple[tuple[str, str], ...]:
        """Compares files of equal size."""
        left = self._sizes_left
        sizes = {at: size_of(self._below + self._names[at]) for at in self._layout.positions} if left else {}
        return shared_pictures(self._layout, self._names, sizes | left, self._paths, self._digests)

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
            content = fingerprint_digests(self._pictures, self._digests)
            self._stamp.remember(content)
        content = content if layout.plain else fingerprint_classes(content, layout.listing)
        sizes = {self._names[at]: size for at, size in self._sizes_left.items()}
        return fingerprint_left(content, sizes) if sizes else content

    @cached_property
    def _pictures(self) -> dict[str, str]:
        return {item.name: self._below + item.name for item in self._layout.listing.items}

    @cached_property
    def _stamp(self) -> Stamp:
        return Stamp(self._pictures)

    @cached_property
    def _sizes_left(self) -> dict[int, int]:
        return {at: size_of(self._below + self._names[at]) for at in self._layout.left}

    @cached_property
    def _names(self) -> Names:
        return Names(sorted(_files(self.root)))

    @cached_property
    def _layout(self) -> Layout:
        return lay_out(self.name, self._names, self.split, self._classes, self._texts)


def _files(root: Path) -> Iterator[str]:
    """The files below `root`, as `/`-separated names; a folder that links lead to twice is visited once."""
    visited: set[str] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True):
        visited.add(os.path.realpath(folder))
        subfolders[:] = [
            name for name in subfolders if not hidden(name) and os.path.realpath(Path(folder, name)) not in visited
        ]
        below = Path(folder).relative_to(root).as_posix()
        prefix = "" if below == "." else f"{below}/"
        yield from (prefix + name for name in files)
