"""The distributions of the latent z, from which a network makes a sample."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from honmono.errors import Refused


@dataclass(frozen=True)
class Latent(ABC):
    """A distribution of latents."""

    @abstractmethod
    def draw(self, random: np.random.Generator, count: int, sample_shape: tuple[int, ...]) -> np.ndarray:
        """`count` latents, float32 (count, *latent).

        sample_shape: of a sample of the data.
        """


@dataclass(frozen=True)
class Vector(Latent):
    """A distribution of vectors of `dim` numbers, (count, dim)."""

    dim: int

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise Refused(f"latent.dim is {self.dim}: give at least 1")


@dataclass(frozen=True)
class Normal(Vector):
    """z ~ N(0, 1) in every dimension."""

    def draw(self, random: np.random.Generator, count: int, sample_shape: tuple[int, ...]) -> np.ndarray:
        return random.standard_normal((count, self.dim), dtype=np.float32)


@dataclass(frozen=True)
class Uniform(Vector):
    """z ~ U(low, high) in every dimension."""

    low: float = -1.0
    high: float = 1.0

    def draw(self, random: np.random.Generator, count: int, sample_shape: tuple[int, ...]) -> np.ndarray:
        return random.uniform(self.low, self.high, (count, self.dim)).astype(np.float32)


@final
@dataclass(frozen=True)
class SampleNoise(Latent):
    """z ~ N(0, 1) of the shape of a sample, (count, *sample_shape): where flows and diffusion begin."""

    def draw(self, random: np.random.Generator, count: int, sample_shape: tuple[int, ...]) -> np.ndarray:
        return random.standard_normal((count, *sample_shape), dtype=np.float32)
