"""RealnessGAN (Xiangli et al., 2020, OpenReview B1lPaCNtPB): realness is a distribution, not a number."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from honmono.errors import Refused
from honmono.networks.outputs import full
from honmono.objectives.anchors import Anchors
from honmono.objectives.base import Objective, Player, Step
from honmono.objectives.scoring import score_real_and_fake


REAL, FAKE = "anchor_real", "anchor_fake"


@dataclass(frozen=True)
class Realness(Objective):
    """D: KL(A1 || D(real)) + KL(A0 || D(fake)), where D(x) = softmax of the discriminator's (batch, outcomes).

    equation: which of the paper's losses G minimises:
        18: -KL(A0 || D(fake));  19: KL(D(real) || D(fake)) - KL(A0 || D(fake));
        20: KL(A1 || D(fake)) - KL(A0 || D(fake)).
    divergence: "kl", or "cross_entropy" in place of every KL, as in the authors' code; they differ by the entropy of p.
    epsilon: added to probabilities before the logarithm.
    together: real and fake samples go through the discriminator in one batch, as `LogitObjective.together`.

    With two outcomes, A1 = (0, 1) and A0 = (1, 0) this is the standard GAN: 18 is the minimax loss of G, and the first
    term of 20 the non-saturating one.
    """

    anchors: Anchors = Anchors()
    equation: Literal[18, 19, 20] = 19
    divergence: Literal["kl", "cross_entropy"] = "kl"
    epsilon: float = 1e-16
    together: bool | Literal["auto"] = "auto"

    def draw(self, random: np.random.Generator) -> Mapping[str, np.ndarray]:
        """The anchors of the step, shared by all its updates."""
        return dict(zip((REAL, FAKE), self.anchors.drawn(random), strict=True))

    def discriminator_loss(self, step: Step) -> Mapping[str, Tensor]:
        factors = step.draws.factors
        with torch.no_grad():
            fake = step.fakes()
        realness = partial(self._realness, step.players.discriminator)
        of_real, of_fake = score_real_and_fake(realness, step.batch, fake, step.draws.label, self.together is True)
        return {"real": self.distance(factors[REAL], of_real), "fake": self.distance(factors[FAKE], of_fake)}

    def generator_loss(self, step: Step) -> Mapping[str, Tensor]:
        factors, discriminator = step.draws.factors, step.players.discriminator
        of_fake = self._realness(discriminator, step.fakes(), step.draws.label)
        away = {"fake": -self.distance(factors[FAKE], of_fake)}
        if self.equation == 18:
            return away
        if self.equation == 20:
            return {"real": self.distance(factors[REAL], of_fake)} | away
        with torch.no_grad():
            of_real = self._realness(discriminator, *step.batch)
        return {"pair": self.distance(of_real, of_fake)} | away

    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """A KL divergence is at least 0; a cross-entropy has a bound that varies with the anchors, G's difference
        none."""
        return {"discriminator": (0.0 if self.divergence == "kl" else -inf, inf), "generator": (-inf, inf)}

    def distance(self, p: Float[Tensor, "*_ outcomes"], q: Float[Tensor, "batch outcomes"]) -> Float[Tensor, ""]:
        """The mean over the batch of KL(p || q), or of the cross-entropy of p and q."""
        if self.divergence == "cross_entropy":
            return -(p * (q + self.epsilon).log()).sum(-1).mean()
        return (p * ((p + self.epsilon) / (q + self.epsilon)).log()).sum(-1).mean()

    def _realness(self, discriminator: Player, sample: Tensor, label: Tensor | None) -> Tensor:
        """(batch, outcomes) probabilities, in float32 or wider."""
        output = discriminator(sample, label)
        if output.dim() != 2 or output.shape[1] != self.anchors.outcomes:
            raise Refused(
                f"the anchors have {self.anchors.outcomes} outcomes, and the discriminator's output has the shape"
                f" {tuple(output.shape)}: give discriminator.outcomes and objective.anchors.outcomes the same number"
            )
        return full(output).softmax(1)
