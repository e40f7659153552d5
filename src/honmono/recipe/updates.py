"""The update program: which player is updated, on which latents and real batches, and how often."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from honmono.errors import Refused
from honmono.hooks import hook
from honmono.objectives.base import PlayerName


FRESH = "fresh"  # of `Update.real`


class Count(ABC):
    """How often an update runs within a step, where that depends on the step."""

    @abstractmethod
    def at(self, step: int) -> int:
        """The number of repetitions in step `step`, counted from 1."""

    @hook
    def rate(self) -> float:
        """The usual number of repetitions per step, to which `honmono.recipe.lazy_terms` adapts optimizers."""
        return 1.0


@dataclass(frozen=True)
class WarmUp(Count):
    """`high` repetitions in the first `steps` steps and in every `every`-th step after them, else `count`.

    Source: Arjovsky et al., WGAN (arXiv:1701.07875), official code: 100 critic steps for the first 25 generator
    steps and at every 500th, 5 otherwise.
    """

    count: int = 5
    high: int = 100
    steps: int = 25
    every: int = 500

    def __post_init__(self) -> None:
        if min(self.count, self.high, self.every) < 1 or self.steps < 0:
            raise Refused(f"{self}: give count, high and every of at least 1, and steps of at least 0")

    def at(self, step: int) -> int:
        return self.high if step <= self.steps or (step - 1) % self.every == 0 else self.count

    def rate(self) -> float:
        return float(self.count)


@dataclass(frozen=True)
class Every(Count):
    """Once in every `steps`-th step.

    For an update with `terms` of its own, see `Update`.
    """

    steps: int = 16

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise Refused(f"{self}: give steps of at least 1")

    def at(self, step: int) -> int:
        return int(step % self.steps == 0)

    def rate(self) -> float:
        return 1 / self.steps


@dataclass(frozen=True)
class Update:
    """One optimizer step of one player.

    draws: a name. Updates of one step with the same name share their latents and fake labels; a generator update
        that follows a discriminator update shares its fakes too. None: new draws for each update.
    real: a name, likewise for the real batch. None: a new batch for a discriminator update, the latest batch for a
        generator update. "fresh": a new batch for each update.
    count: how often the update runs within a step; the repetitions share what is named.
    terms: the names of the loss's terms that it computes; None: all. With `Every(n)`, an update of some terms is lazy:
        its gradient is multiplied by n, and the player's Adam is adapted to the additional updates, so that the terms
        have the same weight as if they were computed in every step
        (Karras et al., StyleGAN2, 2019, arXiv:1912.04958, appendix B).
    """

    player: PlayerName
    draws: str | None = None
    real: str | None = None
    count: int | Count = 1
    terms: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.count, int) and self.count < 1:
            raise Refused(f"the {self.player}'s update has count={self.count}: give at least 1, or remove the update")

    def times(self, step: int) -> int:
        return self.count if isinstance(self.count, int) else self.count.at(step)

    @property
    def rate(self) -> float:
        """The usual number of repetitions per step."""
        return float(self.count) if isinstance(self.count, int) else self.count.rate()

    @property
    def lazy(self) -> bool:
        """Whether it computes some terms in every n-th step only, in place of every step."""
        return self.terms is not None and isinstance(self.count, Every)

    @property
    def weight(self) -> int:
        """The factor on its gradient: n where it is lazy."""
        return self.count.steps if self.terms is not None and isinstance(self.count, Every) else 1


@dataclass(frozen=True)
class Simultaneous:
    """Simultaneous gradient descent: all gradients are computed before any player's weights change."""

    updates: tuple[Update, ...]


def every_update(updates: tuple[Update | Simultaneous, ...]) -> list[Update]:
    """The updates of a program in order, those of `Simultaneous` included one by one."""
    return [one for entry in updates for one in (entry.updates if isinstance(entry, Simultaneous) else (entry,))]


def due(updates: tuple[Update | Simultaneous, ...], step: int) -> list[tuple[Update, ...]]:
    """The updates of a step in order; those in one tuple are simultaneous."""
    groups: list[tuple[Update, ...]] = []
    for entry in updates:
        if isinstance(entry, Simultaneous):
            groups.append(tuple(update for update in entry.updates for _ in range(update.times(step))))
        else:
            groups += [(entry,)] * entry.times(step)
    return groups


def updates_made(updates: tuple[Update | Simultaneous, ...], player: PlayerName, steps: int) -> int:
    """How often a player's optimizer has moved it after so many steps: once for all of its simultaneous updates."""

    def moves(entry: Update | Simultaneous, step: int) -> int:
        if isinstance(entry, Simultaneous):
            return int(any(update.player == player and update.times(step) > 0 for update in entry.updates))
        return entry.times(step) if entry.player == player else 0

    return sum(moves(entry, step) for step in range(1, steps + 1) for entry in updates)


class RealBatches:
    """Which real batch each update of a step uses, as an index in the order in which new batches are taken."""

    def __init__(self) -> None:
        self.taken = 0
        self._named: dict[str, int] = {}
        self._latest: int | None = None
        self._unused: int | None = None  # used by a generator update, but not yet by a discriminator update

    def of(self, update: Update) -> int:
        """The index of the next update's batch; it equals `taken` (before the call) if the batch is new."""
        if update.real == FRESH and update.player == "generator":
            return self._fresh()
        if update.real is not None and update.real in self._named:
            return self._named[update.real]
        if update.real is None and update.player == "generator":
            if self._latest is None:
                self._latest = self._unused = self._fresh()
            return self._latest
        self._latest = self._fresh() if self._unused is None else self._unused
        self._unused = None
        if update.real is not None and update.real != FRESH:
            self._named[update.real] = self._latest
        return self._latest

    def _fresh(self) -> int:
        self.taken += 1
        return self.taken - 1


def fresh_batches(updates: tuple[Update | Simultaneous, ...], step: int) -> int:
    """How many new real batches are taken in step `step`."""
    numbers = RealBatches()
    for group in due(updates, step):
        for update in group:
            numbers.of(update)
    return numbers.taken
