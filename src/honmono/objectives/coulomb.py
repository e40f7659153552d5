"""The Coulomb GAN (Unterthiner et al., 2017, arXiv:1708.08819): samples are charges, and D learns their potential."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from honmono.errors import Refused
from honmono.networks.outputs import full
from honmono.objectives.base import Objective, Step
from honmono.objectives.scoring import score
from honmono.schedules import Constant, Schedule


EPS = "eps"  # the name of the schedule's factor in `Draws.factors`


def kernel(
    one: Float[Tensor, "ones *sample_shape"],
    other: Float[Tensor, "others *sample_shape"],
    eps: float | Float[Tensor, ""],
    dimension: float,
) -> Float[Tensor, "ones others"]:
    """k(a, b) = (||a - b||^2 + eps^2)^(-(dimension - 2) / 2), Plummer's softening of Coulomb's law (equation 6)."""
    # Not by matrix products, which lose precision for points that are close together.
    distance = torch.cdist(one.flatten(1), other.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")
    return (distance.square() + eps**2) ** (-(dimension - 2) / 2)


def potential(
    at: Float[Tensor, "places *sample_shape"],
    fake: Float[Tensor, "fakes *sample_shape"],
    real: Float[Tensor, "reals *sample_shape"],
    eps: float | Float[Tensor, ""] = 1.0,
    dimension: float = 3.0,
) -> Float[Tensor, " places"]:
    """Phi(a) = mean over fakes of k(fake, a) - mean over reals of k(real, a): high among fakes, low among reals."""
    return kernel(at, fake, eps, dimension).mean(1) - kernel(at, real, eps, dimension).mean(1)


@dataclass(frozen=True)
class Coulomb(Objective):
    """D: E (D(x) - Phi(x))^2 over fakes and over reals, without gradients through Phi;  G: E D(fake).

    Phi is the `potential` of the batch's samples, positive near fakes as in the authors' code; in the paper Phi, D and
    G have the opposite sign.

    eps: the distance below which the potential is smoothed, comparable to the distance between modes. If it is too
        small, a fake is affected only by its nearest samples; if it is too large, modes blur.
    dimension: of Coulomb's law; 3 gives potentials of 1 / r, whatever the dimension of the samples.
    self_terms: whether a sample's potential includes its own charge, as in the authors' code. It adds
        eps^(2 - dimension) / batch to the potential of a fake and subtracts it from that of a real.
    schedule: a factor on eps, by images seen.
    """

    couples_samples: ClassVar[bool] = True

    eps: float = 1.0
    dimension: float = 3.0
    self_terms: bool = True
    schedule: Schedule = Constant()

    def __post_init__(self) -> None:
        if self.eps <= 0 or self.dimension <= 2:
            given = f"objective.eps={self.eps}, objective.dimension={self.dimension}"
            raise Refused(f"{given}: give eps above 0, and dimension above 2")

    def discriminator_loss(self, step: Step) -> Mapping[str, Tensor]:
        discriminator, draws = step.players.discriminator, step.draws
        with torch.no_grad():
            real, fake = full(step.batch.real), full(step.fakes())
            of_real, of_fake = self.potentials(real, fake, draws.factors.get(EPS, 1.0))
        return {
            "real": (score(discriminator, *step.batch) - of_real).square().mean(),
            "fake": (score(discriminator, fake, draws.label) - of_fake).square().mean(),
        }

    def generator_loss(self, step: Step) -> Mapping[str, Tensor]:
        return {"fake": score(step.players.discriminator, step.fakes(), step.draws.label).mean()}

    def schedules(self) -> Mapping[str, Schedule]:
        return {EPS: self.schedule}

    def potentials(
        self,
        real: Float[Tensor, "reals *sample_shape"],
        fake: Float[Tensor, "fakes *sample_shape"],
        factor: float | Float[Tensor, ""] = 1.0,
    ) -> tuple[Float[Tensor, " reals"], Float[Tensor, " fakes"]]:
        """Phi at each real and at each fake sample of a batch, with eps multiplied by `factor`."""
        eps = self.eps * factor
        of_real = potential(real, fake, real, eps, self.dimension)
        of_fake = potential(fake, fake, real, eps, self.dimension)
        if not self.self_terms:
            own = eps ** (2 - self.dimension)
            of_real, of_fake = of_real + own / len(real), of_fake - own / len(fake)
        return of_real, of_fake
