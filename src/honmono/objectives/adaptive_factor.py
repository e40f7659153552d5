"""A factor on a penalty that decreases once the penalty is small, and increases again where it grows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import Tensor

from honmono.errors import Refused


@final
@dataclass(frozen=True, kw_only=True)
class AdaptiveFactor:
    """A factor f that starts at 1. It moves by the penalty's value v before the factor, averaged over recent updates.

    In an update with n real samples the mean moves towards v by n / average of their difference, at most all of it; f
    decreases by n / images where the mean is below `low`, increases by as much where it is above `high`, and otherwise
    stays. A penalty whose aim is reached is so released, and comes back only as far as is needed to keep it.

    low, high: of the mean.
    images: real samples after which f can have gone from 1 to 0.
    average: real samples over which v is averaged.
    """

    low: float
    high: float
    images: int = 120_000
    average: int = 2_000

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high or self.images < 1 or self.average < 1:
            raise Refused(
                f"objective.penalties: {self}: give low of at least 0, high of at least low, images and average of at"
                " least 1"
            )

    def factor(self, penalty: str) -> str:
        """The name of the factor in the memory and the statistics of an objective."""
        return f"{penalty}_factor"

    def value(self, penalty: str) -> str:
        """The name of the value in the statistics of an objective, and of its mean in the memory."""
        return f"{penalty}_value"

    def memory(self, penalty: str) -> dict[str, float]:
        """What is kept between updates: f, and the mean."""
        return {self.factor(penalty): 1.0, self.value(penalty): self.high}

    def remember(self, penalty: str, memory: Mapping[str, Tensor], value: Tensor, images: int) -> dict[str, Tensor]:
        """The memory after an update with so many real samples."""
        factor, mean = memory[self.factor(penalty)], memory[self.value(penalty)]
        mean = mean.lerp(value, min(1.0, images / self.average))
        direction = (mean > self.high).to(mean.dtype) - (mean < self.low).to(mean.dtype)
        return {
            self.factor(penalty): (factor + direction * (images / self.images)).clamp(0, 1),
            self.value(penalty): mean,
        }
