from math import exp, log

import pytest
import torch
from torch import Tensor, nn

from honmono.data.base import Batch
from honmono.objectives.base import Draws, Step
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1, R2
from honmono.objectives.relativistic import Relativistic


class Scale(nn.Module):
    """D(x) = weight * (the sum of x)."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return self.weight * sample.flatten(1).sum(1)


class Same(nn.Module):
    """A generator whose fakes are its latents."""

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return latent


class Stretch(nn.Module):
    """G(z) = w z, with w = 1 at first."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.weight * latent


REAL, FAKE = torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [1.0]])


def softplus(x: float) -> float:
    return log(1 + exp(x))


@pytest.mark.parametrize("together", [False, True])
def test_losses_by_hand(as_players, together):
    players = as_players(Same(), Scale(2.0))
    objective, batch, draws = Relativistic(together=together), Batch(REAL, None), Draws(FAKE, None)
    # pairs (1, 0) and (3, 1): D(real) - D(fake) is 2 and 4
    discriminator = objective.discriminator_loss(Step(players, batch, draws))
    assert discriminator["pair"].item() == pytest.approx((softplus(-2) + softplus(-4)) / 2)
    generator = objective.generator_loss(Step(players, batch, draws))
    assert generator["pair"].item() == pytest.approx((softplus(2) + softplus(4)) / 2)


def test_only_the_difference_counts(as_players):
    players = as_players(Same(), Scale(1.0))
    for player in ("discriminator", "generator"):
        loss = getattr(Relativistic(), f"{player}_loss")
        here = loss(Step(players, Batch(REAL, None), Draws(FAKE, None)))["pair"]
        there = loss(Step(players, Batch(REAL + 7, None), Draws(FAKE + 7, None)))["pair"]
        assert here.item() == pytest.approx(there.item(), rel=1e-5)
    standard = NonSaturating().generator_loss(Step(players, Batch(REAL, None), Draws(FAKE, None)))["fake"]
    moved = NonSaturating().generator_loss(Step(players, Batch(REAL + 7, None), Draws(FAKE + 7, None)))["fake"]
    assert standard.item() != pytest.approx(moved.item(), rel=0.1)


def test_the_generators_gradient_flows_through_its_fakes(as_players):
    generator = Stretch()
    players = as_players(generator, Scale(2.0))
    Relativistic().generator_loss(Step(players, Batch(REAL, None), Draws(FAKE + 1, None)))["pair"].backward()
    # fakes w (1, 2), D = 2 w z: d/dw mean softplus(D(real) - 2 w z) = -mean(2 z sigmoid(D(real) - 2 w z))
    by_hand = -(2 * torch.sigmoid(torch.tensor(0.0)) + 4 * torch.sigmoid(torch.tensor(2.0))) / 2
    assert generator.weight.grad is not None and generator.weight.grad.item() == pytest.approx(by_hand.item())


def test_it_packs_and_takes_penalties(as_players):
    players = as_players(Same(), Scale(2.0))
    objective = Relativistic(pack=2, penalties=(R1(1.0), R2(1.0)))
    terms = objective.discriminator_loss(Step(players, Batch(REAL, None), Draws(FAKE, None)))
    assert terms["pair"].item() == pytest.approx(softplus(2 * 1 - 2 * 4))
    assert terms["r1"].item() == terms["r2"].item() == pytest.approx(0.5 * 2 * 2**2)  # gradient 2 on each of two
    generator = objective.generator_loss(Step(players, Batch(REAL, None), Draws(FAKE, None)))
    assert generator["pair"].item() == pytest.approx(softplus(2 * 4 - 2 * 1))
