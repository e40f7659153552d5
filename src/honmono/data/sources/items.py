"""The names and classes of many pictures, in memory that hardly grows with their number."""

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import NamedTuple, final

import numpy as np

from honmono.data.sources.indexed import Indexed
from honmono.data.sources.spooled import Spooled, sort_spooled


class Item(NamedTuple):
    """One picture of a source: its name there, and the index of its class, None where the source has no classes."""

    name: str
    label: int | None


@final
class Positions(Indexed[int]):
    """Places among the names of a source, as runs of places that follow each other."""

    def __init__(self, places: Iterable[int] = ()) -> None:
        self._firsts = array("I")  # of each run
        self._ends = array("I")  # of each run: how many places there are up to its end
        self._next = -1
        self.extend(places)

    @classmethod
    def together(cls, parts: Iterable["Positions"]) -> "Positions":
        """All of them in rising order; no place is in two."""
        found = cls()
        for start, stop in sort_spooled((run.start, run.stop) for part in parts for run in part.runs()):
            found._add(range(start, stop))
        return found

    def without(self, some: Iterable[int]) -> "Positions":
        """All but some; both are in rising order."""
        waiting = chain(some, repeat(math.inf))
        left_out = next(waiting)
        found = Positions()
        for place in self:
            while left_out < place:
                left_out = next(waiting)
            if place != left_out:
                found.append(place)
        return found

    def append(self, place: int) -> None:
        """Adds one at the end."""
        self._add(range(place, place + 1))

    def extend(self, places: Iterable[int]) -> None:
        """Adds some at the end."""
        for run in places.runs() if isinstance(places, Positions) else (range(place, place + 1) for place in places):
            self._add(run)

    def runs(self) -> Iterator[range]:
        """The runs, in their order."""
        start = 0
        for first, end in zip(self._firsts, self._ends, strict=True):
            yield range(first, first + end - start)
            start = end

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def value(self, place: int) -> int:
        run = bisect_right(self._ends, place)
        return self._firsts[run] + place - (self._ends[run - 1] if run else 0)

    def __iter__(self) -> Iterator[int]:
        for run in self.runs():
            yield from run

    def _add(self, run: range) -> None:
        end = len(self) + len(run)
        if run.start == self._next:
            self._ends[-1] = end
        else:
            self._firsts.append(run.start)
            self._ends.append(end)
        self._next = run.stop


@final
class Turns(Indexed[int]):
    """The first place of every class, then the second of every class, and so on, where classes have that many."""

    def __init__(self, of_class: Sequence[Positions]) -> None:
        self._of_class = of_class
        self._counts = np.array([len(held) for held in of_class], np.int64)
        # From one of these turns to the next the same classes take part, so many of them.
        self._turns = np.unique([0, *self._counts])
        taking = len(of_class) - np.searchsorted(np.sort(self._counts), self._turns[:-1], side="right")
        self._starts = [0, *np.cumsum(np.diff(self._turns) * taking).tolist()]  # places before each of these turns
        self._last: tuple[int, list[int]] = -1, []  # the part that was looked up last, and the classes that take part

    def __len__(self) -> int:
        return self._starts[-1]

    def value(self, place: int) -> int:
        turn, label = self.turn(place)
        return self._of_class[label][turn]

    def __iter__(self) -> Iterator[int]:
        waiting = [iter(held) for held in self._of_class]
        return (next(waiting[label]) for label in self.labels())

    @property
    def classes(self) -> Sequence[int]:
        """Which class each of them is of."""
        return _Classes(self)

    def turn(self, place: int) -> tuple[int, int]:
        """The turn and the class of one of them."""
        part = bisect_right(self._starts, place) - 1
        taking = self._taking(part)
        turns, which = divmod(place - self._starts[part], len(taking))
        return int(self._turns[part]) + turns, taking[which]

    def labels(self) -> Iterator[int]:
        """The class of each, one after the other."""
        for part, turns in enumerate(np.diff(self._turns).tolist()):
            taking = self._taking(part)
            for _ in range(turns):
                yield from taking

    def _taking(self, part: int) -> list[int]:
        if self._last[0] != part:
            self._last = part, np.flatnonzero(self._counts > self._turns[part]).tolist()
        return self._last[1]


@final
class _Classes(Indexed[int]):
    """The class of each place of `Turns`."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def __len__(self) -> int:
        return len(self._turns)

    def value(self, place: int) -> int:
        return self._turns.turn(place)[1]

    def __iter__(self) -> Iterator[int]:
        return self._turns.labels()


@final
class Items(Indexed[Item]):
    """The pictures of a source.

    places: of each, where its name is among the names. labels: the index of the class of each; None where the source
    has no classes.
    """

    def __init__(self, names: Sequence[str], places: Sequence[int], labels: Sequence[int] | None) -> None:
        self._names, self.places, self.labels = names, places, labels

    @classmethod
    def of(cls, names: Iterable[str], labels: Iterable[int] | None) -> "Items":
        """All of these names."""
        named = Spooled(names)
        return cls(named, range(len(named)), None if labels is None else array("i", labels))

    def unlabelled(self) -> "Items":
        """The same pictures without classes."""
        return Items(self._names, self.places, None)

    def __len__(self) -> int:
        return len(self.places)

    def value(self, place: int) -> Item:
        return Item(self._names[self.places[place]], None if self.labels is None else self.labels[place])

    def __iter__(self) -> Iterator[Item]:
        labels = repeat(None) if self.labels is None else self.labels
        return (Item(self._names[place], label) for place, label in zip(self.places, labels, strict=False))
