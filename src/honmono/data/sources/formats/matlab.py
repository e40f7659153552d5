"""MATLAB's `.mat`, such as SVHN's: arrays whose last axis numbers the pictures."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import final

import numpy as np

from honmono.data.sources.arrays import Stored
from honmono.data.sources.files import Fetched, Files
from honmono.data.sources.formats.cifar import content
from honmono.data.sources.formats.hdf5 import opened
from honmono.data.sources.formats.mat5 import read_mat5
from honmono.data.sources.named_arrays import pair_of, split_of, split_words, stored
from honmono.data.sources.names import base
from honmono.data.sources.reader import Part, Reader


_START = 128  # bytes that say which version it is
_SVHN = re.compile(r"(train|test|extra)_32x32\.mat")


@final
class Mat(Reader):
    """Files of one split each, which their names give: `train_32x32.mat`. SVHN's label 10 is the digit 0."""

    what = "a .mat file"

    def parts(self, files: Files) -> Mapping[str, Part]:
        """By the files' names."""
        found = [name for name in files.names if name.lower().endswith(".mat")]
        if files.only is not None:
            return {split_of(split_words(files.only)): Part((files.only,))} if files.only in found else {}
        splits = {split_of(split_words(base(name))) if len(found) > 1 else "": Part((name,)) for name in found}
        return splits if len(splits) == len(found) else {base(name): Part((name,)) for name in found}

    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """Reads the array of pictures and the array of labels."""
        (name,) = part.pictures
        arrays = _arrays(fetched[name])
        shapes = {key: array.shape for key, array in arrays.items()}
        pair = pair_of(base(name), shapes, split)
        if pair.labels is not None and _SVHN.fullmatch(base(name).lower()):
            arrays[pair.labels] = np.asarray(arrays[pair.labels]).astype(np.int64) % 10
        return stored(base(name), arrays, pair)


def _arrays(held: Fetched) -> dict[str, np.ndarray]:
    """The numeric arrays of a file; since version 7.3 these are HDF5's, with all axes in the opposite order."""
    start = held[:_START] if isinstance(held, bytes) else _first(held)
    if b"MATLAB 7.3" in start:
        return {name: np.asarray(array).T for name, array in opened(held).items() if array.dtype.kind in "uif"}
    return read_mat5(content(held))


def _first(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(_START)
