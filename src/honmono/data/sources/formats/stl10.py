"""STL-10 as its authors distribute it: bytes of pictures channel by channel, each of these column by column.

Source: Coates, Lee and Ng, "An analysis of single-layer networks in unsupervised feature learning" (AISTATS 2011).
"""

import math
from collections.abc import Mapping
from typing import final

import numpy as np

from honmono.data.sources.arrays import Stored
from honmono.data.sources.files import Fetched, Files
from honmono.data.sources.formats.cifar import content
from honmono.data.sources.labels import read_labels
from honmono.data.sources.names import base
from honmono.data.sources.pixels import Rows
from honmono.data.sources.reader import Part, Reader


_SIDE = 96
_SPLITS = ("train", "test", "unlabeled")


@final
class Stl10(Reader):
    """`train_X.bin` with `train_y.bin`, `test_X.bin`, `unlabeled_X.bin` and `class_names.txt`."""

    what = "STL-10's bytes"

    def parts(self, files: Files) -> Mapping[str, Part]:
        """By their names."""
        named = {base(name): name for name in files.names}
        return {
            split: Part((named[f"{split}_X.bin"],), tuple(filter(None, map(named.get, _beside(split)))))
            for split in _SPLITS
            if f"{split}_X.bin" in named
        }

    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """The pictures turned upright; labels count from 1."""
        held = fetched[part.pictures[0]]
        whole = np.frombuffer(held, np.uint8) if isinstance(held, bytes) else np.memmap(held, np.uint8, "r")
        if len(whole) % (3 * _SIDE**2):
            raise ValueError(f"{len(whole):,} bytes are not a whole number of pictures of 3x96x96: download it again")
        shape = (len(whole) // (3 * _SIDE**2), 3, _SIDE, _SIDE)
        assert math.prod(shape) == len(whole)
        rows = Rows(whole.reshape(shape), lambda x: x.transpose(0, 3, 2, 1))
        beside = {base(name): content(fetched[name]) for name in part.beside}
        if f"{split}_y.bin" not in beside:
            return Stored(rows)
        labels = np.frombuffer(beside[f"{split}_y.bin"], np.uint8)
        names = beside.get("class_names.txt", b"").decode().split() or None
        found = read_labels("STL-10", labels, len(rows), names)
        return Stored(rows, found.numbers, found.classes, notes=found.notes)


def _beside(split: str) -> tuple[str, str]:
    return f"{split}_y.bin", "class_names.txt"
