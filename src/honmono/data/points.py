"""A user's own points in the plane: an array of two columns, or a table of two numbers in a line."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch

from honmono.data.base import Batch, Data, Dataset
from honmono.data.sources.foreign_bytes import refusing
from honmono.data.sources.formats.pixel_tables import read_table
from honmono.errors import Refused


_COLUMNS = 2
_LONGEST_LINE = 4096  # bytes of a table's first lines


@dataclass(frozen=True, kw_only=True)
class Points(Data):
    """Points in the plane as float32, as they are: no scaling, no labels.

    source: a `.npy` of shape (n, 2), or a `.csv` of two numbers in each line, below a line of names or without.
    """

    source: str

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise Refused(f"data.limit is {self.limit}; give at least 1, or null for all points")

    def open(self) -> "StoredPoints":
        """Reads them; raises `Refused` where they are not two finite numbers each."""
        path = Path(self.source)
        with refusing(self.source, "points"):
            found = read_table(path)[1] if path.suffix.lower() == ".csv" else np.load(path, allow_pickle=False)
        if found.ndim != 2 or found.shape[1] != _COLUMNS or found.dtype.kind not in "uif" or not len(found):
            raise Refused(f"{self.source} holds {found.dtype} of shape {found.shape}: points are numbers (n, 2)")
        points = np.ascontiguousarray(found[: self.limit], dtype=np.float32)
        if not np.isfinite(points).all():
            raise Refused(f"{self.source} holds points that are not finite numbers: leave these lines out")
        return StoredPoints(points)


@final
class StoredPoints(Dataset):
    """Points held where batches are wanted."""

    sample_shape = (_COLUMNS,)
    classes = ()

    def __init__(self, points: np.ndarray) -> None:
        self.length = len(points)
        self.fingerprint = hashlib.blake2b(points.tobytes(), digest_size=16).hexdigest()
        self._points = torch.from_numpy(points)

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Moves the points; they keep their float32 values in every wider type."""
        self._points = self._points.to(device, dtype)

    def gather(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        """The points at `indices`, (batch, 2)."""
        return Batch(self._points[torch.tensor(indices, device=self._points.device)], None)


def holds_points(path: Path) -> bool:
    """Whether a file is an array or a table of two columns; looks at its beginning alone."""
    try:
        if path.suffix.lower() == ".npy":
            shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
            return len(shape) == 2 and shape[1] == _COLUMNS
        if path.suffix.lower() == ".csv":
            with open(path, encoding="utf-8-sig") as file:
                lines = [file.readline(_LONGEST_LINE), file.readline(_LONGEST_LINE)]
            return all(line.count(",") == _COLUMNS - 1 for line in lines) and _numbers(lines[1])
    except Exception:  # of any kind: what cannot be read is refused where it is opened
        return False
    return False


def _numbers(line: str) -> bool:
    return all(part.strip().lstrip("-+").replace(".", "", 1)[:1].isdigit() for part in line.split(","))
