"""Sequences whose values are looked up or computed, each by its place."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload


T_co = TypeVar("T_co", covariant=True)


class Indexed(Sequence[T_co]):
    """A sequence that gives single values; a slice of it is a list."""

    @abstractmethod
    def value(self, place: int) -> T_co:
        """The value at a place from 0 on."""

    @overload
    def __getitem__(self, at: int) -> T_co: ...
    @overload
    def __getitem__(self, at: slice) -> list[T_co]: ...
    def __getitem__(self, at: int | slice) -> T_co | list[T_co]:
        places = range(len(self))[at]
        return self.value(places) if isinstance(places, int) else [self.value(place) for place in places]
