"""The interface of feature networks: pretrained networks whose features and logits metrics compare."""

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

    name: as in the brackets of `fid[mnist]`.
    size: side of its input in pixels; None: any.
    channels: of its input, 1 or 3.
    dimension: of its features.
    classes: of its logits; () without logits.
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
        """The checksum of its weights, for the protocol; downloads them where they are missing."""

    @abstractmethod
    def load(self, device: torch.device) -> Extract:
        """The network on a device. Raises `Refused` where its package or weights are missing."""
