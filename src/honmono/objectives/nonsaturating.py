"""The standard GAN with the generator's non-saturating loss (Goodfellow et al., 2014, arXiv:1406.2661, section 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import e, inf, log
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, softplus

from honmono.objectives.logit import LogitObjective, Score


@dataclass(frozen=True)
class NonSaturating(LogitObjective):
    """D: -log p(real) - log(1 - p(fake));  G: -log p(fake), where p is the probability of being real.

    scores: what the discriminator returns.
        "logits": p = sigmoid(score), computed as softplus.
        "probabilities": p = score, from a discriminator that ends in a sigmoid; torch's `BCELoss`, which clamps logs at
            -100, as in gan-mnist-article.
        "double_sigmoid": p = sigmoid(score) although the score is already a probability, an error in the source of
            dcgan-mnist-article. p then lies between sigmoid(0) and sigmoid(1), D's loss between 1.0064 and 2.0064, and
            G's between 0.3133 and ln 2.
    """

    scores: Literal["logits", "probabilities", "double_sigmoid"] = "logits"

    def discriminator_terms(self, real: Score, fake: Score) -> dict[str, Tensor]:
        return {"real": self._is_real(real), "fake": self._is_fake(fake)}

    def generator_terms(self, fake: Score) -> dict[str, Tensor]:
        return {"fake": self._is_real(fake)}

    def real_margin(self, real: Score, fake: Score) -> Score:
        return real if self.scores == "logits" else real - 0.5

    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Those of the cross-entropies; with penalties the discriminator's loss has no upper bound."""
        if self.scores == "double_sigmoid":
            low, half, high = log(1 + 1 / e), log(2), log(1 + e)  # softplus of -1, 0, 1
            discriminator, generator = (low + half, half + high), (low, half)
        else:
            most = 100.0 if self.scores == "probabilities" else inf
            discriminator, generator = (0.0, 2 * most), (0.0, most)
        if self.penalties:
            discriminator = (discriminator[0], inf)
        return {"discriminator": discriminator, "generator": generator}

    def _is_real(self, score: Score) -> Tensor:
        if self.scores == "probabilities":
            return binary_cross_entropy(score, torch.ones_like(score))
        return softplus(-score).mean()

    def _is_fake(self, score: Score) -> Tensor:
        if self.scores == "probabilities":
            return binary_cross_entropy(score, torch.zeros_like(score))
        return softplus(score).mean()
