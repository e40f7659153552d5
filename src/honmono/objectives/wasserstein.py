"""The Wasserstein loss (Arjovsky et al., WGAN, 2017, arXiv:1701.07875), and the penalties that go with it."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from honmono.errors import Refused
from honmono.networks.growing import GrowingNetwork
from honmono.objectives.base import Step
from honmono.objectives.logit import LogitObjective, Score
from honmono.objectives.penalties import Penalty, input_gradient, refuse_batch_norm


@dataclass(frozen=True)
class Wasserstein(LogitObjective):
    """D: factor * (E D(fake) - E D(real));  G: -E D(fake), where real scores are high.

    real_scores: "high" as in the paper's algorithm 1 and in WGAN-GP; "low" as in the WGAN authors' code and in
        wgan-grid-article, where all signs are reversed: -D takes the place of D, and G is trained in the same way.
    factor: on D's loss. With 0.5 it is a mean over real and fake samples in one batch, as in wgan-grid-article. The
        estimate of the Wasserstein distance, up to the scale of D's weights, is -D's loss / factor.
    """

    real_scores: Literal["high", "low"] = "high"
    factor: float = 1.0

    def discriminator_terms(self, real: Score, fake: Score) -> dict[str, Tensor]:
        return {"real": -self._scale * real.mean(), "fake": self._scale * fake.mean()}

    def generator_terms(self, fake: Score) -> dict[str, Tensor]:
        return {"fake": -self._sign * fake.mean()}

    def real_margin(self, real: Score, fake: Score) -> Score:
        return self._sign * (real - fake)

    @property
    def _sign(self) -> float:
        return 1.0 if self.real_scores == "high" else -1.0

    @property
    def _scale(self) -> float:
        return self._sign * self.factor


@dataclass(frozen=True)
class GradientPenalty(Penalty):
    """strength / target^2 * E (||grad_x D(x)|| - target)^2 at x, uniform on the line from a real to a fake sample.

    With labels x has the real sample's. Each sample has its own position, one of its random numbers.
    Source: Gulrajani et al., WGAN-GP (2017, arXiv:1704.00028), equation 3; target: Karras et al., progressive growing
    (2017, arXiv:1710.10196), which takes 750 on CIFAR-10.

    pixels: of growing networks, the pixels that the gradient is taken with respect to. "full": those of pictures of
        full size in which each pixel of the stage is repeated, as both of Karras's official codes have it. The norm is
        then that of "stage", with respect to the stage's own pixels, divided by (full side / stage's side).
    """

    strength: float = 10.0
    target: float = 1.0
    pixels: Literal["stage", "full"] = "stage"
    name: ClassVar[str] = "gradient"
    num_uniform: ClassVar[int] = 1
    uses: ClassVar = ("fake",)

    def __post_init__(self) -> None:
        if self.target <= 0:
            raise Refused(
                f"objective.penalties: GradientPenalty target is {self.target}: give a norm above 0, or use R1 for a"
                f" norm of 0"
            )

    def value(self, step: Step, fake: Tensor, real_score: Tensor) -> Tensor:
        discriminator, (real, label) = step.players.discriminator, step.batch
        refuse_batch_norm(discriminator.module, "the gradient penalty")
        assert step.draws.uniform is not None, "needs a random number for each sample"
        alpha = step.draws.uniform[:, 0].view(-1, *[1] * (real.dim() - 1))
        interpolated = real + alpha * (fake.to(real.dtype) - real)
        gradient = input_gradient(lambda x: discriminator(x, label), interpolated)
        norm = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
        if self.pixels == "full" and isinstance(discriminator.module, GrowingNetwork):
            norm = norm * (real.shape[-1] / discriminator.module.sizes[-1])
        deviation = norm - self.target
        return self.strength / self.target**2 * deviation.square().mean()


@dataclass(frozen=True)
class Drift(Penalty):
    """strength * E D(x)^2 over real samples, which keeps scores near 0 (Karras et al., 2017, arXiv:1710.10196,
    appendix A.1)."""

    strength: float = 0.001
    name: ClassVar[str] = "drift"
    uses: ClassVar = ("real_score",)

    def value(self, step: Step, fake: Tensor, real_score: Tensor) -> Tensor:
        return self.strength * real_score.square().mean()
