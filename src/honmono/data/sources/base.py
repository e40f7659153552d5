"""What every kind of place that holds pictures can do, so that packing need not know where they lie."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class Unreadable:
    """Stands for a picture whose bytes the source itself could not deliver (encrypted, damaged, too big)."""

    why: str


# What a source delivers for one picture: an encoded file, the path of one, or uint8 pixels (height, width[, channels]).
Content = bytes | Path | np.ndarray | Unreadable


LARGEST_BYTES = 1 << 30  # of one file of a picture


class Item(NamedTuple):
    """One picture of a source: its name there, and the index of its class, None where the source has no classes."""

    name: str
    label: int | None


@dataclass(frozen=True)
class Listing:
    """What a source holds, in an order that is the same on every machine.

    items: the pictures. Where they lie class by class the order takes turns among the classes, so that the first
        few hundred already show every class.
    classes: the class names, each of them valid text; () for none.
    strays: (name, why) of the files that are no pictures by their name.
    notes: decisions worth telling, a sentence each.
    """

    items: tuple[Item, ...]
    classes: tuple[str, ...] = ()
    strays: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


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

    @abstractmethod
    def listing(self) -> Listing:
        """The pictures and their classes; raises `Refused` where the source is not what it seemed to be."""

    @abstractmethod
    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """Each of the first `count` items once, as (index, content), in the order that is quickest to read."""
