"""The kernel distance between real and fake features (KID)."""

from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence
from honmono.metrics.refusals import (
    prefix_errors,
    refuse_bad_fields,
    refuse_mismatched,
    refuse_too_few,
)
from honmono.metrics.through_features import ComparingMetric
from honmono.randomness import stream


def kernel_distance(
    real: Float[Tensor, "reals dimension"],
    fake: Float[Tensor, "fakes dimension"],
    subsets: int = 100,
    subset_size: int = 1_000,
    seed: int = 0,
) -> float:
    """The mean over random subsets of the unbiased squared MMD under k(x, y) = (x.y / dimension + 1)^3, in float64.

    Each subset has `subset_size` samples of each side, drawn without replacement with `seed`. Unbiased: the expected
    value does not depend on the number of samples, and is 0 for equal distributions; an estimate may be negative.
    Source: Binkowski et al. (2018), arXiv:1801.01401.
    """
    refuse_mismatched(real, fake)
    if subset_size < 2 or subsets < 1:
        raise Refused(f"{subsets} subsets of {subset_size}: give at least 1 subset of at least 2 samples")
    refuse_too_few(f"a subset of {subset_size:,} (subset_size)", subset_size, real=len(real), fake=len(fake))

    def some(features: Tensor, side: str, subset: int) -> Tensor:
        chosen = stream(seed, f"kid {side}", subset).permutation(len(features))[:subset_size]
        return features.detach().cpu()[torch.from_numpy(chosen)].double()

    return fmean(squared_mmd(some(real, "real", subset), some(fake, "fake", subset)) for subset in range(subsets))


def squared_mmd(real: Float[Tensor, "reals dimension"], fake: Float[Tensor, "fakes dimension"]) -> float:
    """The mean of k over pairs of different reals, plus that of different fakes, minus twice that of real and fake.

    Source: Gretton et al. (2012), "A kernel two-sample test", lemma 6: the unbiased estimate of the squared MMD.
    """

    def kernel(one: Tensor, other: Tensor) -> Tensor:
        return (one @ other.T / one.shape[1] + 1) ** 3

    def within(samples: Tensor) -> Tensor:
        similarity = kernel(samples, samples)
        return (similarity.sum() - similarity.trace()) / (len(samples) * (len(samples) - 1))

    return float(within(real) + within(fake) - 2 * kernel(real, fake).mean())


@final
@dataclass(frozen=True, kw_only=True)
class KID(ComparingMetric):
    """The kernel distance (`kernel_distance`) of a feature network's features: `kid[mnist]`.

    subsets, subset_size: number and size of random subsets, drawn with the evidence's seed.
    """

    kind: ClassVar[str] = "kid"

    subsets: int = 100
    subset_size: int = 1_000

    def __post_init__(self) -> None:
        refuse_bad_fields(self, fakes=2, reals=2, subsets=1, subset_size=2)
        if self.subset_size > min(self.fakes, self.reals):
            counts = f"fakes={self.fakes}, reals={self.reals}"
            raise Refused(
                f"kid.subset_size is {self.subset_size}, too many for {counts}: decrease it, or increase these"
            )

    def keys(self) -> dict[str, Better]:
        return {self.name: "lower"}

    def min_samples(self, dimension: int) -> int:
        return self.subset_size

    def measure(self, evidence: Evidence) -> dict[str, float]:
        real, fake = self.both_features(evidence)
        with prefix_errors(self):
            return {self.name: kernel_distance(real, fake, self.subsets, self.subset_size, evidence.seed)}
