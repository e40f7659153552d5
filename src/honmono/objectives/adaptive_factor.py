"""A factor on a penalty that decreases once the penalty is small, and increases again where it grows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import Tensor

from honmono.errors import Refused


@final
@dataclass(frozen=True, kw_only=True)
class AdaptiveFactor:
    """A factor f that starts at 1. It moves by a mean of the penalty's value v, with its weight but without factors.

    The mean starts at `high`. In an update with n real samples that computes the penalty it moves towards v by
    n / average of their difference, at most all of it; then f decreases by n / images if the mean is below `low`,
    increases by as much if it is above `high`, and otherwise stays. So a penalty is released once it is small, and
    increases again only while its mean is above `high`.

    low, high: of the mean, above 0. They are in proportion to the penalty's weight: change them with it.
    images: real samples after which f can have gone from 1 to 0.
    average: real samples over which v is averaged.
    """

    low: float
    high: float
    images: int = 120_000
    average: int = 2_000

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high or self.images < 1 or self.average < 1:
            raise Refused(
                f"objective.penalties: {self}: give low above 0, high of at least low, images and average of at least 1"
            )

    def factor(self, penalty: str) -> str:
        """The name of the factor in the memory and the statistics of an objective."""
        return f"{penalty}_factor"

    def value(self, penalty: str) -> str:
        """The name of a batch's value in the statistics of an objective."""
        return f"{penalty}_value"

    def mean(self, penalty: str) -> str:
        """The name of the mean in the memory of an objective."""
        return f"{penalty}_mean"

    def memory(self, penalty: str) -> dict[str, float]:
        """What is kept between updates: f, and the mean."""
        return {self.factor(penalty): 1.0, self.mean(penalty): self.high}

    def remember(self, penalty: str, memory: Mapping[str, Tensor], value: Tensor, images: int) -> dict[str, Tensor]:
        """The memory after an update with so many real samples."""
        factor, mean = memory[self.factor(penalty)], memory[self.mean(penalty)]
        mean = mean.lerp(value, min(1.0, images / self.average))
        direction = (mean > self.high).to(mean.dtype) - (mean < self.low).to(mean.dtype)
        return {
            self.factor(penalty): (factor + direction * (images / self.images)).clamp(0, 1),
            self.mean(penalty): mean,
        }
