"""Which of a file's named arrays are pictures, which their labels, and which splits they make: .npz, HDF5, .mat."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from honmono.data.sources.arrays import Stored
from honmono.data.sources.files import Fetched, Files
from honmono.data.sources.foreign_bytes import refusing
from honmono.data.sources.labels import read_labels
from honmono.data.sources.names import base
from honmono.data.sources.pixels import black_and_white, pictures
from honmono.data.sources.reader import Part
from honmono.errors import Refused


# Usual names of arrays with pictures and with labels, the likeliest first; another word in the name gives the split.
_PICTURES = "images image imgs img pictures x data features samples train arr_0 ff".split()
_LABELS = "labels label targets target classes class y ans answers gnd arr_1".split()
_NAMES = ("class_names", "classes", "label_names", "target_names", "categories", "names")
_SPLITS = {
    "train": "train", "training": "train", "tr": "train",
    "test": "test", "testing": "test", "te": "test",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "extra": "extra", "unlabeled": "unlabeled",
}  # fmt: skip
_FILLING = {"set", "orig", "data", "arr"}  # words that say nothing beside another one


class Pair(NamedTuple):
    """The names of an array of pictures and of its labels."""

    pictures: str
    labels: str | None


def pairs(shapes: Mapping[str, Sequence[int]]) -> dict[str, Pair]:
    """By split ("" for none) the arrays of pictures and labels among arrays of these shapes; {} where none is."""
    found: dict[str, Pair] = {}
    for split in dict.fromkeys(_split(name) for name in shapes):
        own = [name for name in shapes if _split(name) == split and math.prod(shapes[name])]
        images = _best([name for name in own if len(shapes[name]) in (2, 3, 4)], _PICTURES, shapes)
        if images is None:
            continue
        labels = _best([name for name in own if name != images and len(shapes[name]) in (1, 2)], _LABELS, shapes)
        found[split] = Pair(images, labels)
    return {split: pair for split, pair in found.items() if split or len(found) == 1} or found


def pair_of(name: str, shapes: Mapping[str, Sequence[int]], split: str) -> Pair:
    """The pair of a split, or the one of a file that is a split itself; raises `Refused` where there is none."""
    found = pairs(shapes)
    if not found:
        raise refuse_no_pictures(name, shapes)
    return found.get(split) or found.get("train") or next(iter(found.values()))


def parts_of_files(
    files: Files, what: str, endings: tuple[str, ...], shapes_of: Callable[[Fetched], Mapping[str, tuple[int, ...]]]
) -> Mapping[str, Part]:
    """By split the part of the only file with one of these endings, or of the named one; {} where there is none.

    Several files are the splits that their names say. Raises `Refused` where the only file cannot be read, or no array
    in it is called as pictures are.
    """
    found = [name for name in files.names if name.lower().endswith(endings) and name == (files.only or name)]
    if len(found) != 1:
        named = {split_of(split_words(base(name))): Part((name,)) for name in found}
        return named if len(named) == len(found) and "" not in named else {}
    (name,) = found
    with refusing(name, what):
        shapes = shapes_of(files.fetch(found)[name])
        splits = pairs(shapes)
    if not splits:
        raise refuse_no_pictures(name, shapes)
    return {split: Part((name,)) for split in splits}


def stored(name: str, arrays: Mapping[str, Any], pair: Pair) -> Stored:
    """The pair as pictures and classes, named by an array of names where there is one."""
    rows = pictures(name, arrays[pair.pictures])
    low, high, notes = black_and_white(name, rows)
    if pair.labels is None:
        unused = ", ".join(_one_number_each(arrays, pair, len(rows)))
        notes = (*notes, f"no classes: none of its other arrays ({unused}) is called 'labels'") if unused else notes
        return Stored(rows, low=low, high=high, notes=notes)
    labels = read_labels(name, arrays[pair.labels], len(rows), _class_names(arrays, pair))
    notes = (f"pictures are its array {pair.pictures!r}, labels {pair.labels!r}", *notes, *labels.notes)
    return Stored(rows, labels.numbers, labels.classes, low, high, notes)


def refuse_no_pictures(name: str, shapes: Mapping[str, Sequence[int]]) -> Refused:
    """That none of these arrays is called as pictures are."""
    held = ", ".join(f"{key} {tuple(shape)}" for key, shape in list(shapes.items())[:12]) or "no arrays"
    return Refused(f"{name} holds {held}: name its array of pictures 'images', and their labels 'labels'")


def split_words(name: str) -> list[str]:
    """A name's parts in small letters: `X_train` is x and train."""
    return [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]


def split_of(words: Sequence[str]) -> str:
    """The split that one of these words names; "" where none does."""
    return next((_SPLITS[word] for word in words if word in _SPLITS), "")


def _split(name: str) -> str:
    words = split_words(name)
    return split_of(words) if len(words) > 1 else ""


def _best(names: Sequence[str], known: Sequence[str], shapes: Mapping[str, Sequence[int]]) -> str | None:
    """The first of these by the order of what they may be called; of several the one with the most dimensions."""
    ranked = [(known.index(core), -len(shapes[name]), name) for name in names for core in _cores(name) if core in known]
    return min(ranked)[2] if ranked else None


def _cores(name: str) -> Iterator[str]:
    """What a name says besides the split."""
    words = split_words(name)
    rest = [word for word in words if word not in _SPLITS] if len(words) > 1 else words
    yield "_".join(rest)
    yield from (word for word in rest if word not in _FILLING or len(rest) == 1)


def _one_number_each(arrays: Mapping[str, Any], pair: Pair, count: int) -> list[str]:
    """The arrays of the same split with something on each picture."""
    beside = [key for key in arrays if key != pair.pictures and _split(key) == _split(pair.pictures)]
    return [key for key in beside if np.shape(arrays[key])[:1] == (count,) and np.ndim(arrays[key]) < 3]


def _class_names(arrays: Mapping[str, Any], pair: Pair) -> tuple[str, ...] | None:
    for key in _NAMES:
        if key in arrays and key != pair.labels:
            found = np.asarray(arrays[key])
            if found.ndim == 1 and found.dtype.kind in "USTO":
                return tuple(one.decode() if isinstance(one, bytes) else str(one) for one in found.tolist())
    return None
