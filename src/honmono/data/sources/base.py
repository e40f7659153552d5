"""What every kind of place that holds pictures can do, so that packing need not know where they lie."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from honmono.data.sources.items import Items
from honmono.data.sources.spooled import Spooled
from honmono.errors import Refused
from honmono.hooks import hook


@dataclass(frozen=True)
class Unreadable:
    """In place of a picture whose bytes the source could not read (encrypted, damaged, too big)."""

    why: str


# Where classes are read from: as a data set suggests, from its folders, from labels that it brings itself, or nowhere.
Classes = Literal["auto", "folders", "labels", "none"]


@dataclass(frozen=True)
class Frame:
    """One of several pictures in an encoded file, or in that at a path; they are numbered from 0 on."""

    file: "Content"
    number: int


# What a source delivers for one picture: an encoded file, the path of one, or uint8 pixels (height, width[, channels]).
Content = bytes | str | np.ndarray | Unreadable | Frame


def size_in_memory(content: Content) -> int:
    """The bytes that a picture takes before it is read or decoded."""
    return len(content) if isinstance(content, bytes) else getattr(content, "nbytes", 0)


LARGEST_BYTES = 1 << 30  # of one file of a picture


@dataclass(frozen=True)
class Listing:
    """What a source holds, in an order that is the same on every machine.

    items: the pictures. Where they lie class by class the order takes turns among the classes, so that the first
        few hundred already show every class.
    classes: the class names, each of them valid text; () for none.
    strays: (name, why) of the files that are no pictures by their name.
    notes: decisions that users should know of, a sentence each.
    classes_from: what says which picture is of which class, in a few words; "" where there are no classes.
    split: the part of the source that was taken, None where it has no parts. splits: the pictures in each of them.
    """

    items: Items
    classes: tuple[str, ...] = ()
    strays: Sequence[tuple[str, str]] = ()
    notes: tuple[str, ...] = ()
    classes_from: str = ""
    split: str | None = None
    splits: tuple[tuple[str, int], ...] = ()


def reading(text: str | None) -> Classes:
    """The argument of `--classes`; raises `Refused` for another word."""
    for known in get_args(Classes):
        if (text or "auto") == known:
            return known
    raise Refused(f"--classes {text}: give auto, folders, labels or none")


class Source(ABC):
    """A place that holds pictures.

    name: how the user named it.
    split: the part of it that is taken ("train", "test", ...), None where the user did not say.
    """

    name: str
    split: str | None

    @abstractmethod
    def fingerprint(self) -> str:
        """The hash of the content (names and bytes); quick where nothing has changed since it was last computed."""

    @hook
    def unread(self) -> str | None:
        """A name for the files as they lie there, where `fingerprint` would read each of them; it will not if it gets
        their hashes before (`take_hashes`). None where they are known, or cannot be known by their names."""
        return None

    @hook
    def take_hashes(self, hashes: Spooled[bytes]) -> None:
        """Takes the hashes of the first pictures from whoever reads them for their pixels."""
        return

    @abstractmethod
    def listing(self) -> Listing:
        """The pictures and their classes; raises `Refused` where the source is not what it seemed to be."""

    @hook
    def in_other_splits(self) -> Sequence[tuple[str, str]]:
        """(name, name there) of the pictures of the split taken that are in another one too, byte by byte."""
        return ()

    @abstractmethod
    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """Each of the first `count` items once, as (index, content), in the order that is quickest to read."""


class OtherReading(Source):
    """The content of another source, whose files are read in another way."""

    def __init__(self, source: Source) -> None:
        self._source, self.name, self.split = source, source.name, source.split

    def fingerprint(self) -> str:
        """The fingerprint of the other source."""
        return self._source.fingerprint()

    def in_other_splits(self) -> Sequence[tuple[str, str]]:
        """The pictures of the other source that more than one split has, compared by files."""
        return self._source.in_other_splits()
