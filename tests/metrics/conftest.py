"""Evidence of injected arrays, so that metrics are tested without generators and feature networks."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from honmono.data.base import Data
from honmono.data.mixtures import Grid
from honmono.metrics.base import Evidence, Extracted, Side


@dataclass
class Injected(Evidence):
    """What is given, cut to the number asked for; all of it where there is less."""

    data: Data = field(default_factory=Grid)
    classes: tuple[str, ...] = ()
    seed: int = 0
    points_given: Tensor | None = None
    features: dict[Side, Tensor] = field(default_factory=dict)
    logits: Tensor | None = None
    labels: Tensor | None = None
    pictures_given: dict[Side, Tensor] = field(default_factory=dict)
    channels_given: Tensor | None = None
    real_labels: Tensor | None = None
    noted: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.noted.append(text)

    def points(self, number: int) -> Tensor:
        assert self.points_given is not None
        return self.points_given[:number]

    def extracted(self, side: Side, network: str, number: int) -> Extracted:
        logits = None if self.logits is None or side == "real" else self.logits[:number]
        labels = self.labels if side == "fake" else self.real_labels
        return Extracted(self.features[side][:number], logits, None if labels is None else labels[:number])

    def pictures(self, side: Side, network: str, indices: Tensor) -> Tensor:
        return self.pictures_given[side][indices]

    def channels(self, network: str, number: int) -> Tensor:
        assert self.channels_given is not None
        return self.channels_given[:number]


@pytest.fixture
def injected() -> Callable[..., Injected]:
    """Makes evidence of the arrays given by name."""
    return Injected


@pytest.fixture
def drawn() -> Callable[..., Tensor]:
    """Draws float32 normal features by a seed: (number, dimension)."""

    def draw(seed: int, number: int, dimension: int) -> Tensor:
        return torch.randn(number, dimension, generator=torch.Generator().manual_seed(seed))

    return draw
