"""A folder of pictures; its subfolders are the classes."""

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import final

from honmono.data.sources.base import Content, Listing, Source
from honmono.data.sources.fingerprint import fingerprint_files
from honmono.data.sources.layout import Layout, hidden, lay_out


@final
class Folder(Source):
    """Every picture below a folder, links followed."""

    def __init__(self, root: Path, name: str, split: str | None) -> None:
        self.root, self.name, self.split = root, name, split

    def fingerprint(self) -> str:
        """The hash of the pictures' names and bytes."""
        return fingerprint_files({item.name: self.root / item.name for item in self._layout.listing.items})

    def listing(self) -> Listing:
        """The pictures, in turns among the classes."""
        return self._layout.listing

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """Paths: whoever decodes them reads them."""
        for index, item in enumerate(self._layout.listing.items[:count]):
            yield index, self.root / item.name

    @cached_property
    def _layout(self) -> Layout:
        return lay_out(self.name, sorted(_files(self.root)), self.split)


def _files(root: Path) -> Iterator[str]:
    """The files below `root`, as `/`-separated names; a folder that links lead to twice is visited once."""
    visited: set[str] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True):
        visited.add(os.path.realpath(folder))
        subfolders[:] = [
            name for name in subfolders if not hidden(name) and os.path.realpath(Path(folder, name)) not in visited
        ]
        for name in files:
            yield Path(folder, name).relative_to(root).as_posix()
