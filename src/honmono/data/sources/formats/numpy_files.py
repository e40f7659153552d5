"""NumPy's `.npz` and `.npy`: arrays of pictures and labels under all the names that people give them."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any, final

import numpy as np

from honmono.data.sources.arrays import Stored
from honmono.data.sources.files import Fetched, Files
from honmono.data.sources.labels import read_labels
from honmono.data.sources.named_arrays import pair_of, parts_of_files, split_of, split_words, stored
from honmono.data.sources.names import base
from honmono.data.sources.pixels import black_and_white, pictures
from honmono.data.sources.plain_pickle import load_plain
from honmono.data.sources.reader import Part, Reader
from honmono.data.sources.splits import splits_among
from honmono.errors import Refused


_BESIDE = (("x", "y"), ("images", "labels"), ("data", "labels"), ("data", "target"), ("imgs", "labels"))


@final
class Npz(Reader):
    """One `.npz` or one for each split, such as Keras's `mnist.npz` or MedMNIST's: `x_train`, `train_images`, ..."""

    what = "arrays of numbers (.npz)"

    def parts(self, files: Files) -> Mapping[str, Part]:
        """By the names in it; of several files by theirs, or the one that the user named."""
        return parts_of_files(files, self.what, (".npz",), _shapes)

    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """Reads the split's arrays of pictures and labels."""
        (name,) = part.pictures
        pair = pair_of(base(name), _shapes(fetched[name]), split)
        return stored(base(name), _Members(fetched[name]), pair)


@final
class Npy(Reader):
    """One `.npy`; `X.npy` beside `Y.npy`, or such a pair for each split; or a file for each class, as QuickDraw's."""

    what = "an array of numbers (.npy)"

    def parts(self, files: Files) -> Mapping[str, Part]:
        """By their names; of files beside the named one that of its labels alone."""
        found = [name for name in files.names if name.lower().endswith(".npy")]
        if files.only is not None and files.only in found:
            return {"": Part((files.only,), _labels_beside(files.only, found))}
        if files.only is not None or not found:
            return {}
        return _splits(found) or {"": Part(tuple(found))}

    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """The array; several of them behind each other, each a class named for its file."""
        arrays = [_array(fetched[name]) for name in part.pictures]
        if len(arrays) > 1:
            return _classes(part.pictures, arrays)
        (name,) = part.pictures
        rows = pictures(base(name), arrays[0])
        low, high, notes = black_and_white(base(name), rows)
        if not part.beside:
            return Stored(rows, low=low, high=high, notes=notes)
        labels = read_labels(base(name), _array(fetched[part.beside[0]]), len(rows))
        notes = (f"labels are {part.beside[0]}", *notes, *labels.notes)
        return Stored(rows, labels.numbers, labels.classes, low, high, notes)


class _Members(Mapping[str, Any]):
    """The arrays of an `.npz`, each read when it is used; pickled ones may hold words and numbers alone."""

    def __init__(self, content: Fetched) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(content) if isinstance(content, bytes) else content)
        members = self._archive.namelist()
        self._names = {name.removesuffix(".npy"): name for name in members if name.endswith(".npy")}

    def __getitem__(self, key: str) -> np.ndarray:
        return _array(self._archive.read(self._names[key]))

    def __iter__(self):
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def shape(self, key: str) -> tuple[int, ...]:
        with self._archive.open(self._names[key]) as file:
            return _header(file)[0]


def _shapes(content: Fetched) -> dict[str, tuple[int, ...]]:
    members = _Members(content)
    return {key: members.shape(key) for key in members}


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    """An `.npy`'s shape, whether it lies column by column, and its type."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)


def _array(content: Fetched) -> np.ndarray:
    """An `.npy`'s array, on the disk where it lies there; one of objects without what could run code."""
    if not isinstance(content, bytes):
        with open(content, "rb") as file:
            pickled = _header(file)[2].hasobject
        if not pickled:
            return np.load(content, mmap_mode="r", allow_pickle=False)
        content = content.read_bytes()
    file = io.BytesIO(content)
    shape, _, dtype = _header(file)
    if not dtype.hasobject:
        size = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if size > len(content):
            raise ValueError(f"an array of {size:,} bytes, and there are {len(content):,}")
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)
    return np.asarray(load_plain(content[file.tell() :])).reshape(shape)


def _splits(found: list[str]) -> dict[str, Part]:
    """The splits among several files: pictures with labels beside them, or all of them named for a split; else {}."""
    beside = {name: _labels_beside(name, found) for name in found}
    labels = {one for held in beside.values() for one in held}
    pictures = [name for name in found if name not in labels and _word_of_pictures(name)] if labels else found
    if not labels and not splits_among(base(name)[:-4] for name in found):
        return {}
    parts = {split_of(split_words(base(name)[:-4])): Part((name,), beside[name]) for name in pictures}
    if len(parts) == len(pictures) > 1:
        return parts
    return next(({"": Part((name,), held)} for name, held in beside.items() if held), {})


def _word_of_pictures(name: str) -> bool:
    return not {images for images, _ in _BESIDE}.isdisjoint(split_words(base(name)[:-4]))


def _labels_beside(name: str, found: list[str]) -> tuple[str, ...]:
    """The file of labels that belongs to one of pictures: `Y.npy` beside `X.npy`, `train_labels` by `train_images`."""
    for images, labels in _BESIDE:
        stem = base(name)[:-4].lower()
        words = stem.replace("-", "_").split("_")
        if images in words:
            wanted = "_".join(labels if word == images else word for word in words)
            beside = [one for one in found if base(one)[:-4].lower().replace("-", "_") == wanted]
            if beside:
                return (beside[0],)
    return ()


class _Turns:
    """Several stored arrays of one shape and type as one: the first row of each, then the second of each, and so on."""

    def __init__(self, arrays: list[np.ndarray]) -> None:
        counts = [len(one) for one in arrays]
        self._arrays = arrays
        self._row = np.concatenate([np.arange(count) for count in counts])
        self.labels = np.repeat(np.arange(len(arrays)), counts)
        turns = np.argsort(self._row, kind="stable")
        self._row, self.labels = self._row[turns], self.labels[turns]
        self.shape, self.dtype = (len(turns), *arrays[0].shape[1:]), arrays[0].dtype

    def __getitem__(self, rows: slice) -> np.ndarray:
        return np.stack([self._arrays[at][row] for at, row in zip(self.labels[rows], self._row[rows], strict=True)])


def _classes(names: tuple[str, ...], arrays: list[np.ndarray]) -> Stored:
    """Files of pictures of one shape, one class each."""
    kinds = {(one.shape[1:], one.dtype) for one in arrays}
    if len(kinds) > 1:
        shapes = ", ".join(
            f"{base(name)} {one.dtype} {one.shape}" for name, one in zip(names[:8], arrays, strict=False)
        )
        raise Refused(f"several .npy files in a folder are one class each, all of one shape, and here are {shapes}")
    turns = _Turns(arrays)
    rows = pictures("each of them", turns)
    low, high, notes = black_and_white("their arrays", rows)
    classes = tuple(base(name)[:-4].removeprefix("full_numpy_bitmap_") for name in names)
    return Stored(rows, turns.labels, classes, low, high, notes, "the names of the .npy files")
