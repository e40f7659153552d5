"""Runs of generators whose answers are known: their samples are affine in the latent."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from honmono.data.base import DataSpec
from honmono.generation.load import TrainedRun


DIM, SINGULAR = 6, (0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


class Affine(nn.Module):
    """Pixels = A z + b_label."""

    def __init__(self, matrix: Tensor, labels: int = 0) -> None:
        super().__init__()
        self.layer = nn.Linear(DIM, 64)
        self.layer.weight.data, self.layer.bias.data = matrix, torch.zeros(64)
        self.embedding = nn.Embedding(labels, 64) if labels else None

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        pixels = self.layer(latent)
        if self.embedding is not None:
            assert label is not None
            pixels = pixels + self.embedding(label)
        return pixels.unflatten(1, (1, 8, 8))


@pytest.fixture
def known() -> tuple[Tensor, np.ndarray]:
    """A matrix, and its right singular vectors, one in each row."""
    random = np.random.default_rng(0)
    left, right = (np.linalg.qr(random.standard_normal((size, size)))[0] for size in (64, DIM))
    return torch.tensor(left[:, :DIM] * SINGULAR @ right, dtype=torch.float32), right


@pytest.fixture
def run_with(untrained: Callable[..., TrainedRun], tmp_path: Path) -> Callable[..., TrainedRun]:
    """A run of this generator of 8x8 pictures from latents of six numbers."""

    def build(generator: nn.Module, classes: tuple[str, ...] = ()) -> TrainedRun:
        conditional = str(bool(classes)).lower()
        changes = {"latent.dim": str(DIM), "conditional": conditional}
        run = untrained("dcgan-digits", tmp_path / "run", DataSpec((1, 8, 8), classes), **changes)
        return replace(run, model=replace(run.model, generator=generator))

    return build


@pytest.fixture
def affine() -> Callable[..., nn.Module]:
    return Affine
