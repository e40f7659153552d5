"""A GAN with the hinge loss (Lim and Ye, Geometric GAN, 2017, arXiv:1705.02894), in a file of a user's own."""

from dataclasses import dataclass, replace

from torch import Tensor
from torch.nn.functional import relu

from honmono.objectives.logit import LogitObjective
from honmono.recipe import Recipe
from honmono.recipes.gan import gan_grid


@dataclass(frozen=True)
class Hinge(LogitObjective):
    """D: E max(0, 1 - D(real)) + E max(0, 1 + D(fake));  G: -E D(fake)."""

    def discriminator_terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": relu(1 - real).mean(), "fake": relu(1 + fake).mean()}

    def generator_terms(self, fake: Tensor) -> dict[str, Tensor]:
        return {"fake": -fake.mean()}


def hinge_grid() -> Recipe:
    return replace(gan_grid(), objective=Hinge())
