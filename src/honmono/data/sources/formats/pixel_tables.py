"""Tables of pixels in `.csv`, as Kaggle distributes MNIST: a label and then a number for each pixel in every line."""

import io
import math
from collections.abc import Mapping
from typing import final

import numpy as np

from honmono.data.sources.arrays import Stored
from honmono.data.sources.files import Fetched, Files
from honmono.data.sources.foreign_bytes import reason
from honmono.data.sources.labels import read_labels
from honmono.data.sources.named_arrays import split_of, split_words
from honmono.data.sources.names import base
from honmono.data.sources.pixels import black_and_white, pictures
from honmono.data.sources.reader import Part, Reader


_LABELS = frozenset("label labels class target y letter digit".split())
_FEWEST = 17  # columns: pictures have at least 4x4 pixels


@final
class PixelTables(Reader):
    """`label,pixel0,pixel1,...`, with or without a line of names, and without labels where there are none."""

    what = "a table of pixels (.csv)"

    def parts(self, files: Files) -> Mapping[str, Part]:
        """By the files' names, as far as their first lines are of many numbers or of names of pixels."""
        if files.only is not None:
            return {"": Part((files.only,))} if files.only.lower().endswith(".csv") else {}
        found = [name for name in files.names if name.lower().endswith(".csv") and _wide(files.start(name))]
        splits = {split_of(split_words(base(name))) if len(found) > 1 else "": Part((name,)) for name in found}
        return splits if len(splits) == len(found) else {}

    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """The table as squares."""
        (name,) = part.pictures
        head, table = read_table(fetched[name])
        columns = list(range(table.shape[1]))
        label = next((at for at in columns if head and head[at].strip(' "').lower() in _LABELS), None)
        if label is None and not head and not _square(len(columns)) and _square(len(columns) - 1):
            label = 0  # mnist_train.csv and A_Z Handwritten Data.csv have no line of names
        kept = [at for at in columns if at != label and not (head and head[at].strip(' "').lower() in ("", "id"))]
        rows = pictures(base(name), table[:, kept])
        low, high, notes = black_and_white(base(name), rows)
        if label is None:
            return Stored(rows, low=low, high=high, notes=notes)
        labels = read_labels(base(name), table[:, label], len(rows))
        return Stored(rows, labels.numbers, labels.classes, low, high, (*notes, *labels.notes))


def read_table(held: Fetched) -> tuple[list[str] | None, np.ndarray]:
    """The names in the first line, None where it is of numbers, and the numbers (lines, columns) as float32."""
    with (
        open(held, encoding="utf-8-sig")
        if not isinstance(held, bytes)
        else io.StringIO(held.decode("utf-8-sig")) as file
    ):
        first = file.readline()
        head = None if _numbers(first) else first.strip().split(",")
        if head is None:
            file.seek(0)
        try:
            table = np.loadtxt(file, dtype=np.float32, delimiter=",", ndmin=2)
        except ValueError as error:
            raise ValueError(f"not all of it is numbers between commas: {reason(error)}") from error
    if not table.size:
        raise ValueError("it has no lines of numbers")
    return head, table


def _numbers(line: str) -> bool:
    try:
        return bool([float(one) for one in line.split(",")])
    except ValueError:
        return False


def _square(count: int) -> bool:
    return any(math.isqrt(count // planes) ** 2 * planes == count for planes in (1, 3))


def _wide(start: bytes) -> bool:
    """Whether the first bytes of a file begin a line of many columns: of pixels, or of numbers."""
    line, ended, _ = start.decode("utf-8", "replace").partition("\n")
    columns = line.lower().split(",")
    pixels = sum(one.strip('" ').startswith(("pixel", "pix", "px", "1x")) for one in columns) >= 2
    return len(columns) >= _FEWEST and (pixels or _numbers(",".join(columns[: -1 if not ended else None])))
