"""A data source of a user's own, points on two arms of a spiral, and a GAN that learns it."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch

from honmono.data.base import Batch, Data, Dataset
from honmono.randomness import stream
from honmono.recipe import Recipe
from honmono.recipes.gan import gan_grid


@dataclass(frozen=True, kw_only=True)
class Spiral(Data):
    """Points (t cos t, t sin t) and their opposites, t uniform from 1 to `turns` * 2 pi, the arm being the class."""

    turns: float = 1.0
    samples: int = 1000

    def open(self) -> "SpiralPoints":
        return SpiralPoints(self.turns, self.samples if self.limit is None else min(self.samples, self.limit))


class SpiralPoints(Dataset):
    sample_shape = (2,)
    classes = ("out", "back")

    def __init__(self, turns: float, samples: int) -> None:
        angle = stream(0, "spiral").uniform(1, turns * 2 * np.pi, size=samples)
        self.length, self.labels = samples, np.arange(samples) % 2
        radius = np.where(self.labels == 0, angle, -angle)
        points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32)
        self.fingerprint = hashlib.blake2b(points.tobytes(), digest_size=16).hexdigest()
        self.points, self.arms = torch.from_numpy(points), torch.from_numpy(self.labels)

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        self.points, self.arms = self.points.to(device, dtype), self.arms.to(device)

    def gather(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        places = torch.tensor(indices, device=self.points.device)
        return Batch(self.points[places], self.arms[places])


def spiral() -> Recipe:
    return replace(gan_grid(), data=Spiral(), metrics=())
