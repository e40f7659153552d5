"""MNIST's file format, IDX, under MNIST's own names in one folder; `formats.idx_sets` finds it elsewhere.

Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits" (1998), section "File formats".
"""

import gzip
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import final

import numpy as np

from honmono.data.sources.arrays import ArraySource, Stored, numbered_classes
from honmono.data.sources.fingerprint import fingerprint_files
from honmono.data.sources.formats.idx_sets import letters_in_place_of_digits
from honmono.data.sources.layout import took
from honmono.errors import Refused


_PREFIXES = {"train": "train", "test": "t10k"}


def holds_idx(folder: Path) -> bool:
    """Whether a directory holds IDX pictures under their usual names."""
    return any(_find(folder, split, "images", 3) for split in _PREFIXES)


@final
class Idx(ArraySource):
    """A directory of `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, and `t10k-...` for the test split, plain or
    `.gz`; pictures without labels are taken too."""

    def __init__(self, folder: Path, name: str, split: str | None) -> None:
        self.name, self.split = name, split or "train"
        held = [known for known in _PREFIXES if _find(folder, known, "images", 3)]
        if self.split not in held:
            choices = " or ".join(f"'{name}@{known}'" for known in held)
            raise Refused(f"{name} has no split {self.split!r} of IDX pictures: give {choices}")
        others = {known: _find(folder, known, "images", 3) for known in held if known != self.split}
        self._others = {known: path for known, path in others.items() if path}
        self._notes = (took(self.split, held),) if len(held) > 1 else ()
        self._images = _find(folder, self.split, "images", 3)
        self._labels = _find(folder, self.split, "labels", 1)

    def fingerprint(self) -> str:
        """The hash of the files of the split."""
        held = {"images": self._images, "labels": self._labels}
        return fingerprint_files({what: path for what, path in held.items() if path})

    def load(self) -> Stored:
        """Reads (and unpacks) the files."""
        assert self._images is not None
        images = _read(self._images, 3)
        if self._labels is None:
            return Stored(images, notes=self._notes)
        labels = _read(self._labels, 1).astype(np.int64)
        if len(labels) != len(images):
            raise Refused(f"{self._labels} has {len(labels):,} labels for {len(images):,} pictures: they must agree")
        note = letters_in_place_of_digits(labels)
        return Stored(images, labels, numbered_classes(labels), notes=(*self._notes, *([note] if note else [])))

    def other_splits(self) -> Iterator[tuple[str, np.ndarray]]:
        """The split to test with, or the split to train on."""
        for split, path in self._others.items():
            with suppress(Refused):
                yield split, _read(path, 3)


def _find(folder: Path, split: str, what: str, dimensions: int) -> Path | None:
    # Kaggle's copies have a dot where the originals have a dash.
    names = [f"{_PREFIXES[split]}-{what}{mark}idx{dimensions}-ubyte{end}" for mark in "-." for end in ("", ".gz")]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _read(path: Path, dimensions: int) -> np.ndarray:
    """The array in an IDX file: two zero bytes, 8 for uint8, the number of dimensions, each of them, then the bytes."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            data = file.read()
        magic, *shape = struct.unpack_from(f">{1 + dimensions}I", data)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise Refused(f"{path} cannot be read as IDX ({error}): copy or download it again") from error
    pixels = np.frombuffer(data, dtype=np.uint8, offset=4 * (1 + dimensions))
    if magic != 0x0800 + dimensions or pixels.size != np.prod(shape, dtype=np.int64) or not pixels.size:
        raise Refused(f"{path} is not an IDX file of {dimensions} dimensions, or is cut short: download it again")
    return pixels.reshape(shape)
