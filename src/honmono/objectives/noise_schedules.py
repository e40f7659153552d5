"""How a diffusion's noise grows from step to step: the betas of DDPM, and what follows from them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from honmono.errors import Refused


@dataclass(frozen=True)
class NoiseSchedule(ABC):
    """Variances beta of the noise that each of `steps` steps adds: q(x_s | x_s-1) = N(sqrt(1 - beta_s) x_s-1, beta_s).

    Steps count from 0, the first and least noisy, where papers count from 1. Everything is float64, for each step.
    """

    steps: int = 1000

    @abstractmethod
    def betas(self) -> np.ndarray: ...

    def alpha_bars(self) -> np.ndarray:
        """What is left of the sample's own variance after each step: the product of 1 - beta up to it.

        Source: Ho et al., DDPM (2020), arXiv:2006.11239, equation 4.
        """
        return np.cumprod(1 - self.betas())


@final
@dataclass(frozen=True)
class LinearNoise(NoiseSchedule):
    """beta from `first` to `last` in equal differences (Ho et al., DDPM, 2020, arXiv:2006.11239, section 4)."""

    first: float = 1e-4
    last: float = 0.02

    def __post_init__(self) -> None:
        _check(self, 0 < self.first <= self.last < 1, "first and last are above 0, below 1, and in order")

    def betas(self) -> np.ndarray:
        return np.linspace(self.first, self.last, self.steps)


@final
@dataclass(frozen=True)
class CosineNoise(NoiseSchedule):
    """alpha_bar(u) = f(u) / f(0), f(u) = cos^2(pi / 2 (u + offset) / (1 + offset)) at u = s / steps; beta <= `most`.

    It destroys small pictures more slowly than the linear one. Source: Nichol & Dhariwal (2021), arXiv:2102.09672,
    equation 17 and the bound below it.
    """

    offset: float = 0.008
    most: float = 0.999

    def __post_init__(self) -> None:
        _check(self, self.offset >= 0 and 0 < self.most < 1, "offset is at least 0, and most from 0 to 1")

    def betas(self) -> np.ndarray:
        u = np.arange(self.steps + 1) / self.steps
        left = np.cos(np.pi / 2 * (u + self.offset) / (1 + self.offset)) ** 2
        return np.minimum(1 - left[1:] / left[:-1], self.most)


def _check(schedule: NoiseSchedule, right: bool, rule: str) -> None:
    if schedule.steps < 1 or not right:
        raise Refused(f"objective.schedule: {schedule}: steps is at least 1, {rule}")
