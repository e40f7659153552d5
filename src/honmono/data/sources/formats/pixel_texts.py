"""Tables in `.csv` with all pixels of a picture in one cell, as FER2013: `emotion,pixels,Usage`.

Source: Goodfellow et al., "Challenges in representation learning" (2013, arXiv:1307.0414), and its page on Kaggle.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from typing import final

import numpy as np

from honmono.data.sources.arrays import Stored
from honmono.data.sources.files import Fetched, Files
from honmono.data.sources.labels import read_labels
from honmono.data.sources.named_arrays import split_of, split_words
from honmono.data.sources.names import base
from honmono.data.sources.own_labels import LABELS
from honmono.data.sources.reader import Part, Reader


_USAGE = {"train": "training", "val": "publictest", "test": "privatetest"}  # FER2013's splits
_EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


@final
class PixelTexts(Reader):
    """Lines with a column `pixels` of numbers between spaces, and maybe a label and a `Usage`."""

    what = "a table with a cell of pixels in each line (.csv)"

    def parts(self, files: Files) -> Mapping[str, Part]:
        """By `Usage` where there is such a column, else by the files' names."""
        heads = {name: _columns(files.start(name)) for name in files.names if name.lower().endswith(".csv")}
        found = [name for name, head in heads.items() if "pixels" in head and name == (files.only or name)]
        if len(found) == 1:
            return {split: Part((found[0],)) for split in (_USAGE if "usage" in heads[found[0]] else ("",))}
        splits = {split_of(split_words(base(name))): Part((name,)) for name in found}
        return splits if len(splits) == len(found) else {}

    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """The pictures of the split as squares."""
        (name,) = part.pictures
        pixels: list[np.ndarray] = []
        labels: list[str] = []
        column = None
        for row in _rows(fetched[name]):
            column = column or next((one for one in ("emotion", *LABELS) if one in row), None)
            if row.get("usage", "").strip().lower() in ("", _USAGE.get(split, "")):
                pixels.append(np.array(row["pixels"].split(), np.uint8))
                labels += [row[column].strip()] if column else []
        if len({len(one) for one in pixels}) != 1 or math.isqrt(len(pixels[0])) ** 2 != len(pixels[0]):
            raise ValueError("its pixels are not squares of one size")
        side = math.isqrt(len(pixels[0]))
        pictures = np.stack(pixels).reshape(-1, side, side)
        if column is None:
            return Stored(pictures)
        numbers = np.array(labels, np.int64) if all(one.isdecimal() for one in labels) else np.array(labels)
        known = _EMOTIONS if column == "emotion" and numbers.dtype.kind == "i" and numbers.max() < 7 else None
        found = read_labels(base(name), numbers, len(pictures), known)
        return Stored(pictures, found.numbers, found.classes, notes=found.notes)


def _columns(start: bytes) -> list[str]:
    line, _, _ = start.decode("utf-8-sig", "replace").partition("\n")
    return [column.strip(' "\r').lower() for column in line.split(",")]


def _rows(held: Fetched) -> Iterator[dict[str, str]]:
    with (
        open(held, encoding="utf-8-sig", newline="")
        if not isinstance(held, bytes)
        else io.StringIO(held.decode("utf-8-sig"), newline="") as file
    ):
        lines = csv.reader(file)
        columns = [column.strip().lower() for column in next(lines)]
        yield from (dict(zip(columns, line, strict=True)) for line in lines if line)
