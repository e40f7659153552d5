"""Factors on learning rates and penalties, by images seen. Each has its own horizon, so longer runs change no past."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import cos, pi

from honmono.errors import Refused


class Schedule(ABC):
    """A factor by which an optimizer's learning rate, or a penalty, is multiplied."""

    @abstractmethod
    def at(self, images: int) -> float:
        """The factor when `images` images have been seen."""


@dataclass(frozen=True)
class Constant(Schedule):
    """The same factor always."""

    value: float = 1.0

    def at(self, images: int) -> float:
        return self.value


@dataclass(frozen=True)
class Inverse(Schedule):
    """1 / (1 + decay * t), where t counts every `images` images: Keras's `decay`, when they are those of one update.

    After 195,000 updates a decay of 1e-5 leaves 0.339, one of 1e-4 leaves 0.0488. Within a step nothing changes. Keras
    counts each update: for a player that makes n in a step on one real batch, give n times its decay.
    """

    decay: float = 1e-5
    images: int = 64

    def __post_init__(self) -> None:
        if self.decay < 0 or self.images < 1:
            asked = f"an inverse schedule with decay={self.decay}, images={self.images}"
            raise Refused(f"{asked}: decay is at least 0 and images at least 1")

    def at(self, images: int) -> float:
        return 1 / (1 + self.decay * images / self.images)


@dataclass(frozen=True)
class InverseSquareRoot(Schedule):
    """1 until `images` images have been seen, then sqrt(images / images seen): no horizon, so a run can be any length.

    Source: Karras et al., EDM2 (2023, arXiv:2312.02696), equation 67.
    """

    images: int = 100_000

    def __post_init__(self) -> None:
        if self.images < 1:
            raise Refused(f"an inverse square root schedule with images={self.images}: give at least 1")

    def at(self, images: int) -> float:
        return (self.images / max(images, self.images)) ** 0.5


@dataclass(frozen=True)
class Ramp(Schedule):
    """`start` until `begin` images have been seen, then on its way to `end` over the next `images`, then `end`."""

    start: float = 1.0
    end: float = 0.0
    begin: int = 0
    images: int = 1_000_000

    def __post_init__(self) -> None:
        if self.begin < 0 or self.images < 1:
            asked = f"a schedule from begin={self.begin} over images={self.images}"
            raise Refused(f"{asked}: begin is at least 0 and images at least 1")
        self.interpolation(0.0)  # which refuses ends that it cannot join

    def at(self, images: int) -> float:
        way = self.interpolation(min(max((images - self.begin) / self.images, 0.0), 1.0))
        return self.start * (1 - way) + self.end * way  # exact at both ends

    @abstractmethod
    def interpolation(self, done: float) -> float:
        """The share of the way to `end` when a share of the images has been seen; both from 0 to 1."""


@dataclass(frozen=True)
class Linear(Ramp):
    """A straight line."""

    def interpolation(self, done: float) -> float:
        return done


@dataclass(frozen=True)
class Cosine(Ramp):
    """Half a cosine: flat at both ends (Loshchilov & Hutter, 2016, arXiv:1608.03983)."""

    def interpolation(self, done: float) -> float:
        return (1 - cos(pi * done)) / 2


@dataclass(frozen=True)
class Geometric(Ramp):
    """By equal factors: half of the images from 1 to 0.01 lead to 0.1."""

    end: float = 0.01

    def interpolation(self, done: float) -> float:
        if not (self.start > 0 and self.end > 0):
            raise Refused(f"a geometric schedule from start={self.start} to end={self.end}: both are above 0")
        ratio = self.end / self.start
        return done if ratio == 1 else (ratio**done - 1) / (ratio - 1)
