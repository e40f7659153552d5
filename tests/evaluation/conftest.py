"""A small feature network whose answers can be computed by hand, and generators that do as they are told."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from honmono.evaluation.extraction import Networks
from honmono.metrics.features.base import Extract, FeatureNetwork
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe


class Quarters(FeatureNetwork):
    """Features and logits: the mean grey level of each quarter of a picture of 8x8 pixels."""

    name, size, channels, dimension = "quarters", 8, 1, 4
    classes: ClassVar[tuple[str, ...]] = ("a", "b", "c", "d")

    def __init__(self) -> None:
        self.given: list[int] = []  # how many pictures, each time that it looked

    def check_packages(self) -> None:
        pass

    def checksum(self) -> str:
        return "0" * 64

    def load(self, device: torch.device) -> Extract:
        def extract(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
            assert pictures.dtype == torch.uint8 and pictures.shape[1:] == (1, 8, 8)
            self.given.append(len(pictures))
            means = functional.avg_pool2d(pictures.float(), 4).flatten(1)
            return means, means

        return extract


class Drawing(nn.Module):
    """A generator of 8x8 pictures with batch norm, dropout in training, and noise of its own in every sample."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.linear = nn.Linear(64, channels * 64)
        self.norm = nn.BatchNorm1d(channels * 64)
        self.drop = nn.Dropout(0.5)
        self._shape = (channels, 8, 8)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        samples = self.drop(self.norm(self.linear(latent)))
        if label is not None:
            samples = samples + label[:, None]
        return torch.tanh(samples + 0.1 * torch.randn_like(samples)).view(-1, *self._shape)


class Saying(nn.Module):
    """A generator that answers with what a function makes of its latents."""

    def __init__(self, answer: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.answer = answer
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.answer(latent)


@pytest.fixture
def quarters() -> Quarters:
    return Quarters()


@pytest.fixture
def networks(quarters: Quarters) -> Networks:
    return Networks(lambda name: quarters, torch.device("cpu"))


@pytest.fixture
def drawing() -> nn.Module:
    """The generator, seeded."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Drawing()


@pytest.fixture
def saying() -> Callable[..., nn.Module]:
    return Saying


@pytest.fixture
def recipe() -> Recipe:
    """`dcgan-digits`, eight samples in a batch."""
    return override(find("dcgan-digits").make(), find("dcgan-digits").tiny)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of the test's own."""
    monkeypatch.setenv("HONMONO_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """An .npz of 300 grey pictures of 8x8 noise in three classes."""
    path = tmp_path / "stored.npz"
    pixels = np.random.default_rng(0).integers(256, size=(300, 8, 8), dtype=np.uint8)
    np.savez(path, images=pixels, labels=np.arange(300) % 3)
    return path
