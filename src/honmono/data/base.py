"""A recipe's data as a value, and opened data, from which the trainer takes batches."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, NamedTuple, final

import numpy as np
from torch import Tensor, device, dtype, float32


Order = Literal["shuffled", "fixed", "stored", "replacement"]


class Batch(NamedTuple):
    """Real samples and their labels.

    real: (batch, *sample_shape), in the data's range.
    label: (batch,) int64 class indices, or None where the data has no classes.
    """

    real: Tensor
    label: Tensor | None


class Dataset(ABC):
    """Opened data: real samples of one shape, ready to be put into batches."""

    sample_shape: tuple[int, ...]  # (channels, height, width), or (dimensions,) for points
    classes: tuple[str, ...]  # class names, () where there are none
    fingerprint: str  # hash of the content, for records and protocols
    length: int | None  # number of samples; None when they are drawn without end
    labels: np.ndarray | None = None  # (length,) class indices of the stored samples, where they are known

    @abstractmethod
    def to(self, device: device, dtype: dtype = float32) -> None:
        """Chooses where batches appear; small data sets move there whole."""

    @property
    @final
    def class_counts(self) -> dict[str, int]:
        """How many samples each class has; {} where there are no classes, 0 for each where nobody has counted."""
        if self.labels is None:
            return dict.fromkeys(self.classes, 0)
        counts = np.bincount(self.labels, minlength=len(self.classes)).tolist()
        return dict(zip(self.classes, counts, strict=True))

    @abstractmethod
    def gather(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        """The samples at `indices`, augmented (flipped) by exactly one `random.random()` for each, in order.

        Endless data draws `len(indices)` fresh samples from `random` instead.
        """


@dataclass(frozen=True, kw_only=True)
class Data(ABC):
    """A recipe's data: where samples come from and in which order they are seen.

    order: "shuffled" anew each epoch, once for all of them ("fixed"), as "stored", or drawn with "replacement".
    drop_last: whether an epoch's last, smaller batch is dropped or used.
    oversample: how far a conditional recipe evens out its classes: each sample of a class below the mean size is seen
        (mean size / its size) ** oversample times in an epoch. 0: once, 0.5: by the square root, 1: until the class is
        as frequent as the mean. Source: repeat factor sampling (Gupta et al., LVIS, arXiv:1908.03195), there 0.5.
    limit: only the first so many samples of the source; None for all.
    """

    order: Order = "shuffled"
    drop_last: bool = True
    oversample: float = 0.0
    limit: int | None = None

    @abstractmethod
    def open(self) -> Dataset:
        """Opens (packs, reads or prepares) the data; raises `Refused` where the source does not fit."""


@dataclass(frozen=True)
class DataSpec:
    """What the networks must fit: the shape of a sample and the names of the classes."""

    sample_shape: tuple[int, ...]
    classes: tuple[str, ...]
