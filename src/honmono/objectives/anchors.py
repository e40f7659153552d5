"""Anchors: the distributions over outcomes that RealnessGAN's discriminator should give to reals and to fakes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from math import erf, pi, sqrt

import numpy as np

from honmono.errors import Refused
from honmono.randomness import stream


Ends = tuple[float, float]


class Anchor(ABC):
    """Where one anchor's probabilities come from."""

    @abstractmethod
    def histogram(self, random: np.random.Generator, samples: int, bins: int, range: Ends | None) -> np.ndarray:
        """Each bin's share of those of `samples` draws that lie in the range (None: from the least to the greatest)."""

    @abstractmethod
    def exact(self, bins: int, range: Ends) -> np.ndarray:
        """Probabilities of the bins, given that one of them is hit."""


class ContinuousAnchor(Anchor):
    """An anchor that is a distribution on the line, cut into bins."""

    @abstractmethod
    def draw(self, random: np.random.Generator, samples: int) -> np.ndarray: ...

    @abstractmethod
    def cdf(self, x: np.ndarray) -> np.ndarray:
        """The distribution function."""

    def histogram(self, random: np.random.Generator, samples: int, bins: int, range: Ends | None) -> np.ndarray:
        counts, _ = np.histogram(self.draw(random, samples), bins, range)
        if counts.sum() == 0:
            raise Refused(f"none of an anchor's {samples} draws lies in objective.anchors.range, {range}: widen it")
        return counts / counts.sum()

    def exact(self, bins: int, range: Ends) -> np.ndarray:
        mass = np.diff(self.cdf(np.linspace(*range, bins + 1)))
        if mass.sum() <= 0:
            raise Refused(f"{self} has nothing in objective.anchors.range, {range}: widen it")
        return mass / mass.sum()


@dataclass(frozen=True)
class NormalAnchor(ContinuousAnchor):
    """N(mean, std^2)."""

    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        if not self.std > 0:
            raise Refused(f"an anchor is {self}; std is above 0")

    def draw(self, random: np.random.Generator, samples: int) -> np.ndarray:
        return random.normal(self.mean, self.std, samples)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return _normal_cdf((x - self.mean) / self.std)


@dataclass(frozen=True)
class UniformAnchor(ContinuousAnchor):
    """U(low, high)."""

    low: float = -1.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise Refused(f"an anchor is {self}; low is below high")

    def draw(self, random: np.random.Generator, samples: int) -> np.ndarray:
        return random.uniform(self.low, self.high, samples)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return ((x - self.low) / (self.high - self.low)).clip(0, 1)


@dataclass(frozen=True)
class SkewNormalAnchor(ContinuousAnchor):
    """The skew normal distribution: density 2 phi(x) Phi(slant x). Positive slants lean to the right."""

    slant: float = 5.0

    def draw(self, random: np.random.Generator, samples: int) -> np.ndarray:
        share = self.slant / sqrt(1 + self.slant**2)
        return share * np.abs(random.standard_normal(samples)) + sqrt(1 - share**2) * random.standard_normal(samples)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """Phi(x) - 2 T(x, slant) with Owen's T, an integral over (0, slant), by Gauss and Legendre."""
        nodes, weights = np.polynomial.legendre.leggauss(64)
        t = self.slant * (nodes + 1) / 2
        integrand = np.exp(-(x[:, None] ** 2) * (1 + t**2) / 2) / (1 + t**2)
        return _normal_cdf(x) - (integrand @ weights) * self.slant / 2 / pi


@dataclass(frozen=True)
class GivenAnchor(Anchor):
    """Probabilities as they are given, the least real outcome first: (0, 1) and (1, 0) make the standard GAN."""

    probabilities: tuple[float, ...] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if min(self.probabilities) < 0 or abs(sum(self.probabilities) - 1) > 1e-6:
            raise Refused(f"an anchor's probabilities are {self.probabilities}; give numbers from 0 whose sum is 1")

    def histogram(self, random: np.random.Generator, samples: int, bins: int, range: Ends | None) -> np.ndarray:
        return self.exact(bins, (0.0, 1.0))

    def exact(self, bins: int, range: Ends) -> np.ndarray:
        if len(self.probabilities) != bins:
            raise Refused(f"objective.anchors.outcomes is {bins}, and {self} has {len(self.probabilities)}")
        return np.array(self.probabilities)


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """A1, which reals should have, and A0, which fakes should have: probabilities of outcomes, the least real first.

    outcomes: as many as the discriminator gives.
    range: from where to where the bins reach; what lies outside is dropped. None: from the least draw to the greatest.
    samples: each anchor is the histogram of so many draws; None: the bins' exact probabilities.
    redraw: histograms are drawn anew in each step; else once, from draw_seed, which is no part of the run's seed.
    skew: the outcomes stand for numbers between these two; A0 is moved by the first and A1 by the second (`moved`).
        None: nothing is moved.
    """

    real: Anchor = NormalAnchor(1.0, 1.0)
    fake: Anchor = NormalAnchor(-1.0, 1.0)
    outcomes: int = 20
    range: Ends | None = (-2.0, 2.0)
    samples: int | None = 1000
    redraw: bool = False
    draw_seed: int = 0
    skew: Ends | None = None

    def __post_init__(self) -> None:
        if self.outcomes < 2:
            raise Refused(f"objective.anchors.outcomes is {self.outcomes}; real and fake need at least 2 to differ in")
        for name, ends in (("range", self.range), ("skew", self.skew)):
            if ends is not None and ends[0] >= ends[1]:
                raise Refused(f"objective.anchors.{name} is {ends}; the first number is below the second")
        if self.samples is None and (self.redraw or self.range is None):
            raise Refused(
                "objective.anchors.samples is none, so anchors are exact: nothing is drawn again (redraw=false), and"
                " the bins need a range, as in (-2, 2)"
            )
        if self.samples is not None and self.samples < 1:
            raise Refused(f"objective.anchors.samples is {self.samples}; give at least 1, or none for exact anchors")

    def drawn(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(A1, A0), each (outcomes,) float64; only where they are redrawn does `random` matter."""
        return self._made(random) if self.redraw else _made_once(self)

    def _made(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        real, fake = (self._probabilities(anchor, random) for anchor in (self.real, self.fake))
        if self.skew is None:
            return real, fake
        return moved(real, self.skew[1], self.skew), moved(fake, self.skew[0], self.skew)

    def _probabilities(self, anchor: Anchor, random: np.random.Generator) -> np.ndarray:
        if self.samples is not None:
            return anchor.histogram(random, self.samples, self.outcomes, self.range)
        assert self.range is not None
        return anchor.exact(self.outcomes, self.range)


@lru_cache
def _made_once(anchors: Anchors) -> tuple[np.ndarray, np.ndarray]:
    return anchors._made(stream(anchors.draw_seed, "anchors"))


def moved(probabilities: np.ndarray, by: float, support: Ends) -> np.ndarray:
    """A distribution over evenly spaced numbers, `support[0]` to `support[1]`, moved by `by` onto the same numbers.

    What would leave the support stays at its end; what falls between two numbers is shared by nearness.
    Source: Bellemare et al., C51 (2017, arXiv:1707.06887), equation 7.
    """
    places = np.arange(len(probabilities))
    spacing = (support[1] - support[0]) / (len(probabilities) - 1)
    target = (places + by / spacing).clip(0, len(probabilities) - 1)
    shares = (1 - np.abs(target[:, None] - places)).clip(0, None)
    return probabilities @ shares


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    return np.array([(1 + erf(value / sqrt(2))) / 2 for value in x])
