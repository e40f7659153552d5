"""Anchors: the target distributions over outcomes for real and for fake samples in RealnessGAN."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from math import erf, pi, sqrt

import numpy as np

from honmono.errors import Refused
from honmono.randomness import stream


Interval = tuple[float, float]


class Anchor(ABC):
    """One target distribution over outcomes."""

    @abstractmethod
    def histogram(self, random: np.random.Generator, samples: int, bins: int, range: Interval | None) -> np.ndarray:
        """The histogram of `samples` random draws, normalised; draws outside the range do not count.

        range: the interval that the bins divide; None: from the smallest draw to the largest.
        """

    @abstractmethod
    def exact(self, bins: int, range: Interval) -> np.ndarray:
        """The exact probabilities of the bins, conditioned on the range."""


class ContinuousAnchor(Anchor):
    """A continuous distribution, divided into bins."""

    @abstractmethod
    def draw(self, random: np.random.Generator, samples: int) -> np.ndarray: ...

    @abstractmethod
    def cdf(self, x: np.ndarray) -> np.ndarray:
        """The cumulative distribution function."""

    def histogram(self, random: np.random.Generator, samples: int, bins: int, range: Interval | None) -> np.ndarray:
        counts, _ = np.histogram(self.draw(random, samples), bins, range)
        if counts.sum() == 0:
            raise Refused(
                f"objective.anchors.range is {range}, and none of the {samples} draws of {self} lies in it: widen it"
            )
        return counts / counts.sum()

    def exact(self, bins: int, range: Interval) -> np.ndarray:
        mass = np.diff(self.cdf(np.linspace(*range, bins + 1)))
        if mass.sum() <= 0:
            raise Refused(f"objective.anchors.range is {range}, where {self} has no probability: widen it")
        return mass / mass.sum()


@dataclass(frozen=True)
class NormalAnchor(ContinuousAnchor):
    """N(mean, std^2)."""

    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        if not self.std > 0:
            raise Refused(f"objective.anchors: {self}: give std above 0")

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
            raise Refused(f"objective.anchors: {self}: give low below high")

    def draw(self, random: np.random.Generator, samples: int) -> np.ndarray:
        return random.uniform(self.low, self.high, samples)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return ((x - self.low) / (self.high - self.low)).clip(0, 1)


@dataclass(frozen=True)
class SkewNormalAnchor(ContinuousAnchor):
    """The skew normal distribution: density 2 phi(x) Phi(slant x). A positive slant gives a longer right tail."""

    slant: float = 5.0

    def draw(self, random: np.random.Generator, samples: int) -> np.ndarray:
        delta = self.slant / sqrt(1 + self.slant**2)
        return delta * np.abs(random.standard_normal(samples)) + sqrt(1 - delta**2) * random.standard_normal(samples)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """Phi(x) - 2 T(x, slant) with Owen's T, an integral over (0, slant), by Gauss-Legendre quadrature."""
        nodes, weights = np.polynomial.legendre.leggauss(64)
        t = self.slant * (nodes + 1) / 2
        integrand = np.exp(-(x[:, None] ** 2) * (1 + t**2) / 2) / (1 + t**2)
        return _normal_cdf(x) - (integrand @ weights) * self.slant / 2 / pi


@dataclass(frozen=True)
class GivenAnchor(Anchor):
    """Given probabilities, the least real outcome first; (0, 1) for real and (1, 0) for fake give the standard GAN."""

    probabilities: tuple[float, ...] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if min(self.probabilities) < 0 or abs(sum(self.probabilities) - 1) > 1e-6:
            raise Refused(
                f"objective.anchors: probabilities are {self.probabilities}; give numbers of at least 0 whose sum is 1"
            )

    def histogram(self, random: np.random.Generator, samples: int, bins: int, range: Interval | None) -> np.ndarray:
        return self.exact(bins, (0.0, 1.0))

    def exact(self, bins: int, range: Interval) -> np.ndarray:
        if len(self.probabilities) != bins:
            raise Refused(
                f"objective.anchors.outcomes is {bins}, and {self} has {len(self.probabilities)}: give both the same"
                " number"
            )
        return np.array(self.probabilities)


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """The targets A1 for real and A0 for fake samples: probabilities of outcomes, the least real outcome first.

    outcomes: the number of outcomes, the same as the discriminator's.
    range: the interval that is divided into one bin per outcome; what lies outside is dropped. None: from the smallest
        draw to the largest.
    samples: each anchor is the histogram of this many draws; None: the exact probabilities of the bins.
    redraw: whether the histograms are drawn again in each step; otherwise once, with `draw_seed`.
    draw_seed: independent of the run's seed.
    skew: outcomes represent evenly spaced numbers from the first of these two to the second; A0 is shifted by the
        first and A1 by the second (`shifted`). None: no shift.
    """

    real: Anchor = NormalAnchor(1.0, 1.0)
    fake: Anchor = NormalAnchor(-1.0, 1.0)
    outcomes: int = 20
    range: Interval | None = (-2.0, 2.0)
    samples: int | None = 1000
    redraw: bool = False
    draw_seed: int = 0
    skew: Interval | None = None

    def __post_init__(self) -> None:
        if self.outcomes < 2:
            raise Refused(f"objective.anchors.outcomes is {self.outcomes}: give at least 2")
        for name, interval in (("range", self.range), ("skew", self.skew)):
            if interval is not None and interval[0] >= interval[1]:
                raise Refused(f"objective.anchors.{name} is {interval}: the first number must be below the second")
        if self.samples is None and (self.redraw or self.range is None):
            raise Refused(
                "objective.anchors.samples is none, so anchors are exact: set objective.anchors.redraw=false, and a"
                " range such as (-2, 2)"
            )
        if self.samples is not None and self.samples < 1:
            raise Refused(f"objective.anchors.samples is {self.samples}: give at least 1, or none for exact anchors")

    def drawn(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(A1, A0), each (outcomes,) float64; `random` is used only with `redraw`."""
        return self._drawn(random) if self.redraw else _drawn_once(self)

    def _drawn(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        real, fake = (self._probabilities(anchor, random) for anchor in (self.real, self.fake))
        if self.skew is None:
            return real, fake
        return shifted(real, self.skew[1], self.skew), shifted(fake, self.skew[0], self.skew)

    def _probabilities(self, anchor: Anchor, random: np.random.Generator) -> np.ndarray:
        if self.samples is not None:
            return anchor.histogram(random, self.samples, self.outcomes, self.range)
        assert self.range is not None
        return anchor.exact(self.outcomes, self.range)


@lru_cache
def _drawn_once(anchors: Anchors) -> tuple[np.ndarray, np.ndarray]:
    return anchors._drawn(stream(anchors.draw_seed, "anchors"))


def shifted(probabilities: np.ndarray, by: float, support: Interval) -> np.ndarray:
    """A distribution over evenly spaced numbers from `support[0]` to `support[1]`, shifted by `by` and projected back.

    Probability beyond the support is put at its end; between two numbers it is divided linearly.
    Source: Bellemare et al., C51 (2017, arXiv:1707.06887), equation 7.
    """
    positions = np.arange(len(probabilities))
    spacing = (support[1] - support[0]) / (len(probabilities) - 1)
    target = (positions + by / spacing).clip(0, len(probabilities) - 1)
    shares = (1 - np.abs(target[:, None] - positions)).clip(0, None)
    return probabilities @ shares


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    return np.array([(1 + erf(value / sqrt(2))) / 2 for value in x])
