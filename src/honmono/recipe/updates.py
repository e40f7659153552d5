"""The program of updates: which player moves, on which draws and reals, and how often."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from honmono.errors import Refused


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


PlayerName = Literal["generator", "discriminator"]
FRESH = "fresh"


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
