"""Sets that are distributed as a few files of arrays: what the readers of their formats share."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from honmono.data.sources.arrays import ArraySource, Stored
from honmono.data.sources.files import Fetched, Files
from honmono.data.sources.fingerprint import fingerprint_files
from honmono.data.sources.foreign_bytes import refusing
from honmono.data.sources.layout import took
from honmono.data.sources.overlap import other_splits
from honmono.data.sources.pixels import Rows
from honmono.errors import Refused


@dataclass(frozen=True)
class Part:
    """One split of a set: the files that hold its pictures, and those beside them that explain these."""

    pictures: tuple[str, ...]
    beside: tuple[str, ...] = ()


class Reader(ABC):
    """Reads the sets of one format.

    what: the format in a few words.
    """

    what: str

    @abstractmethod
    def parts(self, files: Files) -> Mapping[str, Part]:
        """The splits of a set by their names, "" for what is no split; {} where the files are of another format."""

    @abstractmethod
    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """Reads a split; may raise anything."""


@final
class ReadArrays(ArraySource):
    """A set of arrays that one of the readers knows."""

    def __init__(self, reader: Reader, parts: Mapping[str, Part], files: Files, name: str, split: str | None) -> None:
        self.reader, self.name, self._files = reader, name, files
        self._parts, self._splits = parts, sorted(parts)
        self._chosen = _choose(name, self._splits, split)
        self.split = self._chosen or None
        self._part = parts[self._chosen]

    def fingerprint(self) -> str:
        """The hash of the files of the split."""
        stamped = self._files.stamped((*self._part.pictures, *self._part.beside))
        return fingerprint_files({f"{type(self.reader).__name__}/{name}": path for name, path in stamped.items()})

    def load(self) -> Stored:
        """Has the reader read them."""
        stored = self._load(self._chosen)
        taken = took(self._chosen, self._splits)
        return replace(stored, notes=(taken, *stored.notes)) if len(self._splits) > 1 else stored

    def other_splits(self) -> Iterator[tuple[str, np.ndarray | Rows]]:
        """Those to train, test or validate with, of the same set where there are several."""
        for split in other_splits(self._chosen, self._splits):
            with suppress(Refused):
                yield split, self._load(split).pixels

    def _load(self, split: str) -> Stored:
        part = self._parts[split]
        with refusing(self.name, self.reader.what):
            fetched = self._files.fetch((*part.pictures, *part.beside))
            return self.reader.load(fetched, part, split)


def recognised(reader: Reader, files: Files) -> Mapping[str, Part]:
    """A reader's parts; where the user named one file, those with its pictures."""
    parts = reader.parts(files) if files.names else {}
    if files.only is None:
        return parts
    only = files.only
    return {split: replace(part, pictures=(only,)) for split, part in parts.items() if only in part.pictures}


def _choose(name: str, splits: Sequence[str], split: str | None) -> str:
    if split is None:
        if "train" in splits or len(splits) == 1:
            return "train" if "train" in splits else splits[0]
        choices = ", ".join(f"'{name}@{known}'" for known in splits)
        raise Refused(f"{name} holds several sets: give {choices}")
    for known in splits:
        if known.lower() == split.lower() and known:
            return known
    choices = ", ".join(f"'{name}@{known}'" for known in splits if known)
    if not choices:
        raise Refused(f"{name} has no splits to take {split!r} from: leave out '@{split}'")
    raise Refused(f"{name} has no split {split!r}: give {choices}")
