"""How often an update runs within a step, where that depends on the step."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

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
