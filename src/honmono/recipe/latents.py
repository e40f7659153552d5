"""The distributions of the latent z."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from honmono.errors import Refused


@dataclass(frozen=True)
class Latent(ABC):
    """A distribution of latent vectors of `dim` numbers."""

    dim: int

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise Refused(f"latent.dim is {self.dim}: give at least 1")

    @abstractmethod
    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        """`count` latents, float32 (count, dim)."""


@dataclass(frozen=True)
class Normal(Latent):
    """z ~ N(0, 1) in every dimension."""

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        return random.standard_normal((count, self.dim), dtype=np.float32)


@dataclass(frozen=True)
class Uniform(Latent):
    """z ~ U(low, high) in every dimension."""

    low: float = -1.0
    high: float = 1.0

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        return random.uniform(self.low, self.high, (count, self.dim)).astype(np.float32)
