"""The Fréchet distance between real and fake features (FID)."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor

from honmono.metrics.base import Better, Evidence
from honmono.metrics.refusals import (
    prefix_errors,
    refuse_bad_fields,
    refuse_mismatched,
    refuse_too_few,
)
from honmono.metrics.through_features import ComparingMetric


_BLOCK = 4096  # samples at a time, so that no float64 copy of all features is made


def frechet_distance(real: Float[Tensor, "reals dimension"], fake: Float[Tensor, "fakes dimension"]) -> float:
    """|m - n|^2 + tr(A + B - 2 (A B)^(1/2)) with the means m, n and unbiased covariances A, B of both, in float64.

    Raises `Refused` unless either side has more samples than dimensions: its covariance would be singular.
    Source: Heusel et al. (2017), arXiv:1706.08500, equation 6.
    """
    refuse_mismatched(real, fake)
    dimension = real.shape[1]
    what = f"a Fréchet distance in {dimension:,} dimensions"
    refuse_too_few(what, dimension + 1, real=len(real), fake=len(fake))
    (m, r), (n, s) = (mean_and_root(features.detach().cpu()) for features in (real, fake))
    # With A = R'R and B = S'S the eigenvalues of A B are the squared singular values of R S'.
    distance = (m - n).square().sum() + r.square().sum() + s.square().sum() - 2 * torch.linalg.svdvals(r @ s.T).sum()
    return max(0.0, float(distance))  # rounding can give a negative number for equal sets


def mean_and_root(
    features: Float[Tensor, "number dimension"],
) -> tuple[Float[Tensor, " dimension"], Float[Tensor, "rank dimension"]]:
    """The mean, and a matrix R whose R'R is the unbiased covariance, in float64.

    R is computed from the samples (QR). A root of the covariance would turn rounding errors of about 1e-16 into errors
    of 1e-8 in each direction in which the samples do not vary.
    """
    mean = features.mean(dim=0, dtype=torch.float64)
    root = torch.zeros(0, len(mean), dtype=torch.float64)
    for block in features.split(_BLOCK):
        root = torch.linalg.qr(torch.cat([root, block.double() - mean]), mode="r").R
    return mean, root / (len(features) - 1) ** 0.5


@final
@dataclass(frozen=True, kw_only=True)
class FID(ComparingMetric):
    """The Fréchet distance (`frechet_distance`) of a feature network's features: `fid[mnist]`, never plain "FID".

    It decreases with more samples, so numbers are comparable only for equal `fakes` and `reals`.
    """

    kind: ClassVar[str] = "fid"

    def __post_init__(self) -> None:
        refuse_bad_fields(self, fakes=2, reals=2)

    def keys(self) -> dict[str, Better]:
        return {self.name: "lower"}

    def min_samples(self, dimension: int) -> int:
        return dimension + 1

    def measure(self, evidence: Evidence) -> dict[str, float]:
        real, fake = self.both_features(evidence)
        with prefix_errors(self):
            return {self.name: frechet_distance(real, fake)}
