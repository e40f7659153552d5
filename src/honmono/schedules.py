"""Schedules: factors on learning rates and penalties, as functions of images seen, not of the run's length."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import cos, pi
from typing import ClassVar, Literal

from honmono.errors import Refused


class Schedule(ABC):
    """A factor by which an optimizer's learning rate, or a penalty, is multiplied.

    counts: what `at` is given: the images seen, or, for learning rates only, how many updates the player has had.
    """

    counts: ClassVar[Literal["images", "updates"]] = "images"

    @abstractmethod
    def at(self, count: int, /) -> float:
        """The factor when so many images have been seen, or updates have been made."""


@dataclass(frozen=True)
class Constant(Schedule):
    """A constant factor."""

    value: float = 1.0

    def at(self, images: int, /) -> float:
        return self.value


@dataclass(frozen=True)
class Inverse(Schedule):
    """1 / (1 + decay * t) with t = images seen / images: Keras's `decay`, if `images` is the batch size.

    After 195,000 updates the factor is 0.339 with a decay of 1e-5, and 0.0488 with 1e-4. Keras counts every update of
    a player: for one with n updates per step on one real batch, give n times its decay.
    """

    decay: float = 1e-5
    images: int = 64

    def __post_init__(self) -> None:
        if self.decay < 0 or self.images < 1:
            given = f"Inverse(decay={self.decay}, images={self.images})"
            raise Refused(f"{given}: give decay of at least 0 and images of at least 1")

    def at(self, images: int, /) -> float:
        return 1 / (1 + self.decay * images / self.images)


@dataclass(frozen=True)
class InverseByUpdate(Schedule):
    """1 / (1 + decay * t), where t counts the player's own updates from 0: Keras's `decay`.

    After 195,000 updates a decay of 1e-5 leaves 0.339, one of 1e-4 leaves 0.0488. For learning rates only.
    """

    counts: ClassVar[Literal["images", "updates"]] = "updates"

    decay: float = 1e-5

    def __post_init__(self) -> None:
        if self.decay < 0:
            raise Refused(f"an inverse schedule with decay={self.decay}: give at least 0")

    def at(self, updates: int, /) -> float:
        return 1 / (1 + self.decay * updates)


@dataclass(frozen=True)
class InverseSquareRoot(Schedule):
    """1 until `images` images have been seen, then sqrt(images / images seen).

    Source: Karras et al., EDM2 (2023, arXiv:2312.02696), equation 67.
    """

    images: int = 100_000

    def __post_init__(self) -> None:
        if self.images < 1:
            raise Refused(f"InverseSquareRoot(images={self.images}): give at least 1")

    def at(self, images: int, /) -> float:
        return (self.images / max(images, self.images)) ** 0.5


@dataclass(frozen=True)
class Ramp(Schedule):
    """`start` until `begin` images have been seen, then interpolated to `end` over the next `images`, then `end`."""

    start: float = 1.0
    end: float = 0.0
    begin: int = 0
    images: int = 1_000_000

    def __post_init__(self) -> None:
        if self.begin < 0 or self.images < 1:
            given = f"{type(self).__name__}(begin={self.begin}, images={self.images})"
            raise Refused(f"{given}: give begin of at least 0 and images of at least 1")
        self.interpolation(0.0)  # raises `Refused` where it is undefined

    def at(self, images: int) -> float:
        weight = self.interpolation(min(max((images - self.begin) / self.images, 0.0), 1.0))
        return self.start * (1 - weight) + self.end * weight  # exact at both ends

    @abstractmethod
    def interpolation(self, fraction: float) -> float:
        """The weight of `end` after this fraction of the images; both are from 0 to 1."""


@dataclass(frozen=True)
class Linear(Ramp):
    """Linear interpolation."""

    def interpolation(self, fraction: float) -> float:
        return fraction


@dataclass(frozen=True)
class Cosine(Ramp):
    """Half a period of a cosine (Loshchilov & Hutter, 2016, arXiv:1608.03983)."""

    def interpolation(self, fraction: float) -> float:
        return (1 - cos(pi * fraction)) / 2


@dataclass(frozen=True)
class Geometric(Ramp):
    """Geometric interpolation: halfway from 1 to 0.01 the factor is 0.1."""

    end: float = 0.01

    def interpolation(self, fraction: float) -> float:
        if not (self.start > 0 and self.end > 0):
            raise Refused(f"Geometric(start={self.start}, end={self.end}): give both above 0")
        ratio = self.end / self.start
        return fraction if ratio == 1 else (ratio**fraction - 1) / (ratio - 1)
