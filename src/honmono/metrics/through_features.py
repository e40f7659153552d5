"""Base classes of metrics that use a feature network."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

from torch import Tensor

from honmono.metrics.base import Evidence, Extracted, Metric
from honmono.metrics.refusals import refuse_too_few


@dataclass(frozen=True, kw_only=True)
class FeatureMetric(Metric, ABC):
    """A metric of a feature network's output for fakes, named after both: `labels[mnist]`."""

    features: str

    @property
    @final
    def name(self) -> str:
        return f"{self.kind}[{self.features}]"


@dataclass(frozen=True, kw_only=True)
class ComparingMetric(FeatureMetric, ABC):
    """A metric that compares the features of fakes with those of reals: `fid[mnist]`.

    reals: maximum number of reals; all where the source has fewer.
    """

    reals: int = 10_000

    @abstractmethod
    def min_samples(self, dimension: int) -> int:
        """The minimum number of samples of each side for features of this dimension."""

    @final
    def extract_both(self, evidence: Evidence) -> tuple[Extracted, Extracted]:
        """The network's output for reals and for fakes; too few reals are refused before fakes are generated."""
        real = evidence.extracted("real", self.features, self.reals)
        refuse_too_few(self.name, self.min_samples(real.features.shape[1]), real=len(real.features))
        return real, evidence.extracted("fake", self.features, self.fakes)

    @final
    def both_features(self, evidence: Evidence) -> tuple[Tensor, Tensor]:
        """The features of reals and of fakes."""
        real, fake = self.extract_both(evidence)
        return real.features, fake.features
