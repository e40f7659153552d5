"""A folder of pictures, with whatever says which classes they are of."""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import final

from honmono.data.sources.base import Classes, Content, Listing, Source
from honmono.data.sources.fingerprint import fingerprint_classes, fingerprint_files
from honmono.data.sources.layout import Layout, hidden, lay_out
from honmono.data.sources.overlap import shared_pictures, size_of
from honmono.data.sources.own_labels import small_file


@final
class Folder(Source):
    """Every picture below a folder, links followed."""

    def __init__(self, root: Path, name: str, split: str | None, classes: Classes = "auto") -> None:
        self.root, self.name, self.split = root, name, split
        self._classes: Classes = classes

    def fingerprint(self) -> str:
        """The hash of the pictures' names and bytes, and of their classes where the names alone do not tell them."""
        layout = self._layout
        content = fingerprint_files({item.name: self.root / item.name for item in layout.listing.items})
        return content if layout.plain else fingerprint_classes(content, layout.listing)

    def listing(self) -> Listing:
        """The pictures, in turns among the classes."""
        return self._layout.listing

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """Paths: whoever decodes them reads them."""
        for index, item in enumerate(self._layout.listing.items[:count]):
            yield index, self.root / item.name

    def in_other_splits(self) -> tuple[tuple[str, str], ...]:
        """Compares files of equal size."""
        sizes = {at: size_of(self.root / self._names[at]) for at in (*self._layout.positions, *self._layout.left)}
        return shared_pictures(self._layout, self._names, sizes, self._paths)

    def _paths(self, places: Sequence[int]) -> Iterator[tuple[int, Content]]:
        yield from ((at, self.root / self._names[at]) for at in places)

    def _texts(self, places: Sequence[int]) -> Mapping[int, bytes]:
        contents = ((at, small_file(self.root / self._names[at])) for at in places)
        return {at: content for at, content in contents if content is not None}

    @cached_property
    def _names(self) -> list[str]:
        return sorted(_files(self.root))

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
