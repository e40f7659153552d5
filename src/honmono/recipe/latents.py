"""The distributions of the latent z, from which a network makes a sample."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from honmono.errors import Refused
from honmono.hooks import hook


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
        if problem := self.problem():
            raise Refused(f"latent is {self}: {problem}")

    @hook
    def problem(self) -> str:
        """What is wrong with the other fields; "" where nothing is."""
        return ""


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
class Clusters(Vector):
    """z ~ U(c - spread, c + spread) with c one of `count` fixed centres between low and high: many small cubes.

    There are gaps between the cubes, so a continuous generator can map neighbours to separate modes without samples in
    between, which it cannot do for a latent of one piece (Khayatkhoei et al., 2018, arXiv:1806.00880).
    Mixtures as latents: DeLiGAN (Gurumurthy et al., 2017, arXiv:1706.02071), which also trains its centres.

    The centres fill the cube evenly, without chance: centre n is the fractional part of 1/2 + n / g^k in dimension k =
    1, 2, ..., where g^(dim + 1) = g + 1 (a Kronecker sequence; g is the golden ratio if dim is 1).
    """

    count: int = 1_000
    spread: float = 0.02
    low: float = -1.0
    high: float = 1.0

    def problem(self) -> str:
        fine = self.count >= 1 and self.spread >= 0 and self.low < self.high
        return "" if fine else "give count of at least 1, spread of at least 0, and low below high"

    def draw(self, random: np.random.Generator, count: int, sample_shape: tuple[int, ...]) -> np.ndarray:
        uniform = random.random((count, 1 + self.dim))
        centres = self.centres()[(uniform[:, 0] * self.count).astype(int)]
        return (centres + self.spread * (2 * uniform[:, 1:] - 1)).astype(np.float32)

    def centres(self) -> np.ndarray:
        """The centres, (count, dim) float64."""
        root = 2.0
        for _ in range(64):
            root = (1 + root) ** (1 / (self.dim + 1))
        steps = root ** -np.arange(1.0, self.dim + 1)
        return self.low + (self.high - self.low) * ((0.5 + np.arange(self.count)[:, None] * steps) % 1)


@final
@dataclass(frozen=True)
class SampleNoise(Latent):
    """z ~ N(0, 1) of the shape of a sample, (count, *sample_shape): where flows and diffusion begin."""

    def draw(self, random: np.random.Generator, count: int, sample_shape: tuple[int, ...]) -> np.ndarray:
        return random.standard_normal((count, *sample_shape), dtype=np.float32)
