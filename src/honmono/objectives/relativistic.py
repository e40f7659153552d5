"""The relativistic pairing GAN: the loss is a function of D(real) - D(fake)."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import softplus

from honmono.objectives.logit import LogitObjective, Score


@dataclass(frozen=True)
class Relativistic(LogitObjective):
    """D: E softplus(-(D(real) - D(fake)));  G: E softplus(-(D(fake) - D(real))), over pairs of a real and a fake.

    Since every fake is compared with a real sample, dropping a mode of the data is penalised. Stable with R1 and R2.
    Source: Jolicoeur-Martineau (2018), arXiv:1807.00734; Huang et al., R3GAN (2024), arXiv:2501.05441, equations 2 and
    3.
    """

    relativistic: ClassVar[bool] = True

    def discriminator_terms(self, real: Score, fake: Score) -> dict[str, Tensor]:
        return {"pair": softplus(fake - real).mean()}

    def generator_terms(self, fake: Score) -> dict[str, Tensor]:
        return {"pair": softplus(-fake).mean()}

    def real_margin(self, real: Score, fake: Score) -> Score:
        return real - fake

    def bounds(self) -> Mapping[str, tuple[float, float]]:
        return {"discriminator": (0.0, inf), "generator": (0.0, inf)}
