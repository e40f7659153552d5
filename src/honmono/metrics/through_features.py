"""What metrics share that look at samples through a feature network."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

from torch import Tensor

from honmono.metrics.base import Evidence, Extracted, Metric
from honmono.metrics.refusals import extracted, refuse_too_few


@dataclass(frozen=True, kw_only=True)
class FeatureMetric(Metric, ABC):
    """A metric of what a feature network says of fakes, named for both: `labels[mnist]`."""

    features: str

    @property
    @final
    def name(self) -> str:
        return f"{self.kind}[{self.features}]"


@dataclass(frozen=True, kw_only=True)
class ComparingMetric(FeatureMetric, ABC):
    """A metric that holds the features of fakes against those of reals: `fid[mnist]`.

    reals: at most so many; all there are where the source has fewer.
    """

    reals: int = 10_000

    @abstractmethod
    def least(self, dimension: int) -> int:
        """How many samples of each side it takes in features of so many numbers."""

    @final
    def sides(self, evidence: Evidence) -> tuple[Extracted, Extracted]:
        """What the network says of reals and of fakes; too few reals are refused before any fake is made."""
        real = extracted(evidence, "real", self.features, self.reals)
        refuse_too_few(self.name, "real", len(real.features), self.least(real.features.shape[1]))
        return real, extracted(evidence, "fake", self.features, self.fakes)

    @final
    def both(self, evidence: Evidence) -> tuple[Tensor, Tensor]:
        """The features alone."""
        real, fake = self.sides(evidence)
        return real.features, fake.features
