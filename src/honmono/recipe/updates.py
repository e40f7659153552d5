"""The program of updates: which player moves, on which draws and reals, and how often."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from honmono.errors import Refused


PlayerName = Literal["generator", "discriminator"]
FRESH = "fresh"  # of `Update.real`


class Count(ABC):
    """How often an update runs within a step, where that depends on the clock."""

    @abstractmethod
    def at(self, step: int) -> int:
        """The number of repetitions in step `step` (the first is 1)."""


@dataclass(frozen=True)
class WarmUp(Count):
    """`high` times in the first `steps` steps and in every `every`-th one after, `count` times otherwise.

    Source: Arjovsky et al., WGAN (arXiv:1701.07875), official code: 100 critic steps for the first 25 generator
    steps and at every 500th, 5 otherwise.
    """

    count: int = 5
    high: int = 100
    steps: int = 25
    every: int = 500

    def __post_init__(self) -> None:
        if min(self.count, self.high, self.every) < 1 or self.steps < 0:
            raise Refused(f"{self}: count, high and every are at least 1, and steps at least 0")

    def at(self, step: int) -> int:
        return self.high if step <= self.steps or (step - 1) % self.every == 0 else self.count


@dataclass(frozen=True)
class Update:
    """One optimizer step of one player.

    draws: updates of a step that name the same draws share their latents and fake labels, and one of the generator
        after one of the discriminator its fakes too; None: fresh ones each time.
    real: likewise for the real batch; None: a fresh batch for the discriminator, the latest one for the generator;
        "fresh": a fresh one for each update of either.
    count: how often the update runs within a step; what it names is shared by its repetitions too.
    """

    player: PlayerName
    draws: str | None = None
    real: str | None = None
    count: int | Count = 1

    def __post_init__(self) -> None:
        if isinstance(self.count, int) and self.count < 1:
            raise Refused(f"the {self.player}'s update has count={self.count}; leave it out, or make it at least once")

    def times(self, step: int) -> int:
        return self.count if isinstance(self.count, int) else self.count.at(step)


@dataclass(frozen=True)
class Together:
    """Updates made at once: every gradient is taken before any player moves (simultaneous gradient descent)."""

    updates: tuple[Update, ...]


def every_update(updates: tuple[Update | Together, ...]) -> list[Update]:
    """The updates of a program in order, simultaneous ones unwrapped."""
    return [one for entry in updates for one in (entry.updates if isinstance(entry, Together) else (entry,))]


def due(updates: tuple[Update | Together, ...], step: int) -> list[tuple[Update, ...]]:
    """The updates of a step in order: within a tuple every gradient is taken before any player moves."""
    groups: list[tuple[Update, ...]] = []
    for entry in updates:
        if isinstance(entry, Together):
            groups.append(tuple(update for update in entry.updates for _ in range(update.times(step))))
        else:
            groups += [(entry,)] * entry.times(step)
    return groups


def updates_made(updates: tuple[Update | Together, ...], player: PlayerName, steps: int) -> int:
    """How many updates a player has had after so many steps."""
    own = [update for update in every_update(updates) if update.player == player]
    varying = [update for update in own if isinstance(update.count, Count)]
    constant = sum(update.count for update in own if isinstance(update.count, int))
    return steps * constant + sum(update.times(step) for update in varying for step in range(1, steps + 1))


class RealBatches:
    """Which real batch each update of a step sees, as numbers in the order in which batches are first taken."""

    def __init__(self) -> None:
        self.taken = 0
        self._named: dict[str, int] = {}
        self._latest: int | None = None
        self._waiting: int | None = None  # seen by a generator that moved first, by no discriminator yet

    def of(self, update: Update) -> int:
        """The number of the next update's batch; `taken`, if it is a fresh one."""
        if update.real == FRESH and update.player == "generator":
            return self._fresh()
        if update.real is not None and update.real in self._named:
            return self._named[update.real]
        if update.real is None and update.player == "generator":
            if self._latest is None:
                self._latest = self._waiting = self._fresh()
            return self._latest
        self._latest = self._fresh() if self._waiting is None else self._waiting
        self._waiting = None
        if update.real is not None and update.real != FRESH:
            self._named[update.real] = self._latest
        return self._latest

    def _fresh(self) -> int:
        self.taken += 1
        return self.taken - 1


def fresh_batches(updates: tuple[Update | Together, ...], step: int) -> int:
    """How many fresh real batches are taken in step `step`."""
    numbers = RealBatches()
    for group in due(updates, step):
        for update in group:
            numbers.of(update)
    return numbers.taken
