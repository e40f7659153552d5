"""Packed pictures, opened: uint8 on disk or on the device, made into samples batch by batch."""

from pathlib import Path
from typing import Any, final

import numpy as np
import torch

from honmono.data.base import Batch, Dataset
from honmono.data.packing.pack import LABELS, PICTURES, read_record


RESIDENT_BYTES = 2 << 30


@final
class PackedPictures(Dataset):
    """The pictures of one packed entry, mapped linearly from 0..255 to `range`, and mirrored at random if `flip`.

    sample_shape is (channels, height, width). fingerprint is the hash of the packed pixels and labels. record says how
    they were made: record.json, with the source as it was named this time. path is where they lie in the cache.
    """

    def __init__(self, entry: Path, source: str, range: tuple[float, float], flip: bool) -> None:
        self._pictures: np.ndarray = np.load(entry / PICTURES, mmap_mode="r")
        self.labels: np.ndarray | None = np.load(entry / LABELS) if (entry / LABELS).exists() else None
        self._labels = None if self.labels is None else torch.from_numpy(self.labels)
        self._range, self._flip = range, flip
        self.path = entry
        self._device, self._dtype = torch.device("cpu"), torch.float32
        self._resident: torch.Tensor | None = None  # (n, channels, height, width) uint8 on the device
        self.record: dict[str, Any] = read_record(entry) | {"source": source}
        self.length = len(self._pictures)
        self.sample_shape = self._pictures.shape[1:]
        self.classes = tuple(self.record["classes"])
        self.fingerprint = self.record["packed"]

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Sets where and in which type batches appear. Small sets are held there whole, as uint8.

        Small is up to 2 GiB, on an accelerator with a memory of its own also up to a quarter of what is free there.
        """
        self._device, self._dtype = device, dtype
        allowed = RESIDENT_BYTES
        if device.type == "cuda":
            free, _ = torch.accelerator.get_memory_info(device)
            allowed = min(allowed, free // 4)
        fits = self._pictures.nbytes <= allowed
        self._resident = torch.from_numpy(np.array(self._pictures)).to(device) if fits else None
        if self._labels is not None:
            self._labels = self._labels.to(device)

    def gather(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        """The pictures (batch, channels, height, width) at `indices`, mirrored where `random.random(batch) < 0.5`."""
        at = torch.from_numpy(np.ascontiguousarray(indices, dtype=np.int64)).to(self._device)
        if self._resident is not None:
            pixels = self._resident.index_select(0, at)
        else:
            pixels = torch.from_numpy(self._pictures[indices]).to(self._device)
        if self._flip:
            mirrored = torch.from_numpy(random.random(len(indices)) < 0.5).to(self._device)
            pixels = torch.where(mirrored[:, None, None, None], pixels.flip(-1), pixels)
        low, high = self._range
        # Dividing first makes both ends of the range exact. Arithmetic in full precision, whatever the samples' type.
        exact = self._dtype if self._dtype == torch.float64 else torch.float32
        samples = pixels.to(exact).div_(255).mul_(high - low).add_(low).to(self._dtype)
        return Batch(samples, None if self._labels is None else self._labels.index_select(0, at))
