"""Factors on learning rates as functions of images seen. Each has its own horizon, so longer runs change no past."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import cos, pi

from honmono.errors import Refused


class Schedule(ABC):
    """A factor by which an optimizer's learning rate is multiplied."""

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
class Linear(Schedule):
    """`start` until `begin` images have been seen, then a straight line to `end` over the next `images`, then `end`."""

    start: float = 1.0
    end: float = 0.0
    begin: int = 0
    images: int = 1_000_000

    def __post_init__(self) -> None:
        _check_horizon(self.begin, self.images)

    def at(self, images: int) -> float:
        return _blend(self.start, self.end, _progress(images, self.begin, self.images))


@dataclass(frozen=True)
class Cosine(Schedule):
    """As `Linear`, but along half a cosine: flat at both ends (Loshchilov & Hutter, 2016, arXiv:1608.03983)."""

    start: float = 1.0
    end: float = 0.0
    begin: int = 0
    images: int = 1_000_000

    def __post_init__(self) -> None:
        _check_horizon(self.begin, self.images)

    def at(self, images: int) -> float:
        done = _progress(images, self.begin, self.images)
        return _blend(self.start, self.end, (1 - cos(pi * done)) / 2)


def _check_horizon(begin: int, images: int) -> None:
    if begin < 0 or images < 1:
        raise Refused(f"a schedule from begin={begin} over images={images}: begin is at least 0 and images at least 1")


def _progress(images: int, begin: int, horizon: int) -> float:
    return min(max((images - begin) / horizon, 0.0), 1.0)


def _blend(start: float, end: float, done: float) -> float:
    return start * (1 - done) + end * done  # exact at both ends
