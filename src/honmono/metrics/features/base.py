"""A feature network: fixed eyes that pictures are measured through, so that distances can be compared."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor


# (batch, channels, size, size) uint8 on the network's device -> float32 features (batch, dimension) and logits
# (batch, classes) or None.
Extract = Callable[[Tensor], tuple[Tensor, Tensor | None]]


class FeatureNetwork(ABC):
    """A network with fixed weights.

    name: what stands in brackets, `fid[mnist]`. size: pixels a side of what it is given; None: any. channels: 1 or 3.
    classes: of its logits, () where it has none.
    """

    name: ClassVar[str]
    size: ClassVar[int | None]
    channels: ClassVar[int]
    dimension: ClassVar[int]
    classes: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def check_packages(self) -> None:
        """Raises `Refused` where a package that it needs is missing. Downloads nothing."""

    @abstractmethod
    def checksum(self) -> str:
        """Of its weights, for the protocol; they are downloaded if need be."""

    @abstractmethod
    def load(self, device: torch.device) -> Extract:
        """The network on a device. Raises `Refused` where its package or weights are missing."""
