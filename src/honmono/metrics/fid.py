"""The Fréchet distance between real and fake features (FID), through torchmetrics."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor

from honmono.metrics.base import Better, Evidence
from honmono.metrics.refusals import (
    naming,
    refuse_fields_below,
    refuse_too_few,
    refuse_unknown_features,
    refuse_unlike,
)
from honmono.metrics.through_features import ComparingMetric
from honmono.metrics.through_torchmetrics import Given, torchmetrics


_BLOCK = 4096  # samples at a time, so that no float64 copy of all features is made


def frechet_distance(real: Float[Tensor, "reals dimension"], fake: Float[Tensor, "fakes dimension"]) -> float:
    """|m - n|^2 + tr(A + B - 2 (A B)^(1/2)) with the means m, n and unbiased covariances A, B of both, in float64.

    Raises `Refused` for no more samples than dimensions on either side: their covariance would be singular.
    Source: Heusel et al. (2017), arXiv:1706.08500.
    """
    refuse_unlike(real, fake)
    dimension = real.shape[1]
    what = f"a Fréchet distance in {dimension:,} dimensions"
    refuse_too_few(what, "real", len(real), dimension + 1)
    refuse_too_few(what, "fake", len(fake), dimension + 1)
    # It depends on no common shift, and small numbers keep their digits in sums of squares.
    centre = real.mean(dim=0, dtype=torch.float64).cpu()
    with torchmetrics():
        from torchmetrics.image.fid import FrechetInceptionDistance

        metric = FrechetInceptionDistance(feature=Given(dimension), sync_on_compute=False)
        for features, is_real in ((real, True), (fake, False)):
            for block in features.detach().split(_BLOCK):
                metric.update(block.cpu().double() - centre, real=is_real)
        return max(0.0, float(metric.compute()))  # rounding can leave less than nothing between equal sets


@final
@dataclass(frozen=True, kw_only=True)
class FID(ComparingMetric):
    """The Fréchet distance (`frechet_distance`) in a feature network: `fid[mnist]`, never plain "FID".

    It falls with more samples, so numbers compare only at equal `fakes` and `reals`.
    """

    kind: ClassVar[str] = "fid"
    needs: ClassVar[str] = "torchmetrics"

    def __post_init__(self) -> None:
        refuse_fields_below(self, fakes=2, reals=2)
        refuse_unknown_features(self, self.features)

    def keys(self) -> dict[str, Better]:
        return {self.name: "lower"}

    def least(self, dimension: int) -> int:
        return dimension + 1

    def measure(self, evidence: Evidence) -> dict[str, float]:
        real, fake = self.both(evidence)
        with naming(self):
            return {self.name: frechet_distance(real, fake)}
