"""CIFAR-10 and CIFAR-100 as their authors distribute them: Python's pickles, and records of bytes.

Source: Krizhevsky, "Learning multiple layers of features from tiny images" (2009), and its page of downloads.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from honmono.data.sources.arrays import Stored
from honmono.data.sources.files import Fetched, Files
from honmono.data.sources.labels import read_labels
from honmono.data.sources.names import base
from honmono.data.sources.plain_pickle import load_plain
from honmono.data.sources.reader import Part, Reader


_PIXELS = 3 * 32 * 32
_PICKLED = {"train": r"data_batch_\d+|train", "test": "test_batch|test"}
_RECORDS = {"train": r"data_batch_\d+\.bin|train\.bin", "test": r"test_batch\.bin|test\.bin"}
_BESIDE = r"batches\.meta(\.txt)?|meta|(fine|coarse)_label_names\.txt"


@final
class CifarPickles(Reader):
    """`data_batch_1`, ..., `test_batch` and `batches.meta`; of CIFAR-100 `train`, `test` and `meta`."""

    what = "CIFAR's pickles"

    def parts(self, files: Files) -> Mapping[str, Part]:
        """By their names: `train` and `test` alone are none without `meta`."""
        return _parts(files, _PICKLED, lone=("train", "test"))

    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """The batches behind each other; of CIFAR-100 the 100 fine classes."""
        batches = [load_plain(content(fetched[name])) for name in part.pictures]
        meta: dict[str, Any] = {}
        for name in part.beside:
            meta |= load_plain(content(fetched[name])) if not base(name).endswith(".txt") else {}
        key = "fine_labels" if "fine_labels" in batches[0] else "labels"
        names = meta.get("fine_label_names" if key == "fine_labels" else "label_names")
        labels = np.concatenate([np.asarray(batch[key], np.int64) for batch in batches])
        pixels = np.concatenate([np.asarray(batch["data"]).reshape(-1, _PIXELS) for batch in batches])
        return _stored(pixels, labels, [_decoded(one) for one in names] if names else None)


@final
class CifarRecords(Reader):
    """`data_batch_1.bin`, ..., `test_batch.bin`; of CIFAR-100 `train.bin` and `test.bin`."""

    what = "CIFAR's records"

    def parts(self, files: Files) -> Mapping[str, Part]:
        """By their names."""
        return _parts(files, _RECORDS)

    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """One byte of label before each picture, or those of the coarse and of the fine class."""
        data = b"".join(content(fetched[name]) for name in part.pictures)
        fine = int(not base(part.pictures[0]).startswith(("data_batch", "test_batch")))
        width = _PIXELS + 1 + fine
        if len(data) % width or not data:
            raise ValueError(f"{len(data):,} bytes are not a whole number of records of {width:,}: download it again")
        records = np.frombuffer(data, np.uint8).reshape(-1, width)
        wanted = "fine_label_names.txt" if fine else "batches.meta.txt"
        text = next((content(fetched[name]) for name in part.beside if base(name) == wanted), b"")
        return _stored(records[:, 1 + fine :], records[:, fine], text.decode().split() or None)


def content(fetched: Fetched) -> bytes:
    """A file's bytes, wherever it lies."""
    return fetched.read_bytes() if isinstance(fetched, Path) else fetched


def _parts(files: Files, patterns: Mapping[str, str], lone: Sequence[str] = ()) -> dict[str, Part]:
    beside = tuple(name for name in files.names if re.fullmatch(_BESIDE, base(name)))
    if any(base(name) in lone for name in files.names) and not any(base(name) == "meta" for name in beside):
        return {}
    found = {
        split: sorted((name for name in files.names if re.fullmatch(pattern, base(name))), key=_in_order)
        for split, pattern in patterns.items()
    }
    return {split: Part(tuple(names), beside) for split, names in found.items() if names}


def _in_order(name: str) -> tuple[int, str]:
    return len(name), name


def _stored(pixels: np.ndarray, labels: np.ndarray, names: Sequence[str] | None) -> Stored:
    if pixels.dtype != np.uint8 or not len(pixels):
        raise ValueError(f"{len(pixels):,} pictures of {pixels.dtype}")
    found = read_labels("CIFAR", labels, len(pixels), names)
    pictures = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Stored(pictures, found.numbers, found.classes, notes=found.notes)


def _decoded(name: Any) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
