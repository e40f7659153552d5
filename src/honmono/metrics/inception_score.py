"""The Inception score (IS) of any classifier."""

import math
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence
from honmono.metrics.refusals import (
    prefix_errors,
    refuse_bad_fields,
    refuse_not_finite,
    refuse_too_few,
)
from honmono.metrics.through_features import FeatureMetric
from honmono.randomness import stream


def inception_score(logits: Float[Tensor, "fakes classes"], splits: int = 10, seed: int = 0) -> float:
    """The mean over splits of exp E KL(p(class | sample) || p(class)), in float64: from 1 to the number of classes.

    The samples are shuffled with `seed`, then split into `splits` parts of equal size (some have one more).
    Source: Salimans et al. (2016), arXiv:1606.03498, section 4.
    """
    if logits.ndim != 2 or splits < 1:
        raise Refused(
            f"logits of shape {tuple(logits.shape)} in {splits} splits: give (number, classes), and at least 1"
        )
    refuse_too_few(f"an Inception score of {splits} splits", 2 * splits, fake=len(logits))
    refuse_not_finite("the logits", logits)
    order = stream(seed, "inception score").permutation(len(logits))
    parts = (torch.from_numpy(part) for part in np.array_split(order, splits))
    return fmean(_of_one_split(logits.detach().cpu()[part].double()) for part in parts)


def _of_one_split(logits: Float[Tensor, "fakes classes"]) -> float:
    """The exponential of the mean divergence of p(class | sample) from its own mean."""
    log_p = logits.log_softmax(dim=1)
    log_marginal = log_p.logsumexp(dim=0) - math.log(len(logits))  # finite even for a class without samples
    divergence = (log_p.exp() * (log_p - log_marginal)).sum(dim=1)
    return float(divergence.mean().exp())


@final
@dataclass(frozen=True, kw_only=True)
class InceptionScore(FeatureMetric):
    """The Inception score (`inception_score`) of a feature network's logits: `is[mnist]`.

    It does not use real samples, and does not detect a class whose pictures are all the same.
    """

    kind: ClassVar[str] = "is"
    one_sided: ClassVar[frozenset[str]] = frozenset({"is"})

    splits: int = 10

    def __post_init__(self) -> None:
        refuse_bad_fields(self, splits=1)
        if self.fakes < 2 * self.splits:
            raise Refused(f"is.fakes is {self.fakes}; {self.splits} splits need at least {2 * self.splits}")

    def keys(self) -> dict[str, Better]:
        return {self.name: "higher"}

    def measure(self, evidence: Evidence) -> dict[str, float]:
        logits = evidence.extracted("fake", self.features, self.fakes).logits
        if logits is None:
            raise Refused(
                f"{self.name}: the {self.features} features have no class logits: use others, as in is[mnist]"
            )
        with prefix_errors(self):
            return {self.name: inception_score(logits, self.splits, evidence.seed)}
