"""Modes of Stacked MNIST: how many of the 1,000 triples of digits a generator covers, and how evenly."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence
from honmono.metrics.modes import reverse_kl
from honmono.metrics.refusals import refuse_bad_fields, refuse_not_finite
from honmono.metrics.through_features import FeatureMetric


CHANNELS = 3


def stacked_modes(logits: Float[Tensor, "number channels classes"]) -> Int[Tensor, " modes"]:
    """The number of samples of each mode, which is a class for each channel: (classes ** channels,).

    Mode (a, b, c) has the index a classes^2 + b classes + c.
    """
    _, channels, classes = logits.shape
    refuse_not_finite("the logits", logits)
    weights = classes ** torch.arange(channels - 1, -1, -1)
    return torch.bincount((logits.argmax(dim=2).cpu() * weights).sum(dim=1), minlength=classes**channels)


@final
@dataclass(frozen=True, kw_only=True)
class StackedModes(FeatureMetric):
    """Number of modes captured and reverse KL on Stacked MNIST; a classifier predicts each channel's digit.

    All samples count, of any quality. A perfect generator has a reverse KL of 0.0193 with 26,000 samples.
    Source: PacGAN (Lin et al., 2018, arXiv:1712.04086), with our classifier instead of theirs.
    """

    kind: ClassVar[str] = "stacked_modes"

    fakes: int = 26_000
    features: str = "mnist"

    def __post_init__(self) -> None:
        refuse_bad_fields(self, fakes=1)

    def keys(self) -> dict[str, Better]:
        return {"modes": "higher", "reverse_kl": "lower"}

    def measure(self, evidence: Evidence) -> dict[str, float]:
        logits = evidence.channels(self.features, self.fakes)
        if logits.shape[1] != CHANNELS:
            raise Refused(f"{self.name} needs pictures of {CHANNELS} channels, not {logits.shape[1]}: use fid or prdc")
        counts = stacked_modes(logits)
        return {"modes": float((counts > 0).sum()), "reverse_kl": reverse_kl(counts)}
