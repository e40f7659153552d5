"""RealnessGAN's losses: by hand, in the authors' form, and against the standard GAN."""

from collections.abc import Callable
from dataclasses import replace
from math import inf, log

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, kl_div, log_softmax, softplus

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.objectives.anchors import Anchors, GivenAnchor
from honmono.objectives.base import Draws, Players, Step
from honmono.objectives.realness import FAKE, REAL, Realness
from honmono.randomness import stream


TWO = Anchors(real=GivenAnchor((0.0, 1.0)), fake=GivenAnchor((1.0, 0.0)), outcomes=2)
EXACT = Anchors(samples=None)


class Made(nn.Module):
    """A generator that adds to its latents, or a discriminator that is linear in points."""

    def __init__(self, outputs: int | None = None) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.full((3,), 0.5, dtype=torch.float64))
        self.linear = nn.Linear(3, outputs, dtype=torch.float64) if outputs else None

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return x + self.bias if self.linear is None else self.linear(x)


@pytest.fixture
def players(as_players: Callable[[nn.Module, nn.Module], Players]) -> Callable[[int], Players]:
    def make(outcomes: int) -> Players:
        torch.manual_seed(0)
        return as_players(Made(), Made(outcomes))

    return make


def moment(objective: Realness) -> tuple[Batch, Draws]:
    generator = torch.Generator().manual_seed(0)
    real, latent = torch.randn(2, 6, 3, generator=generator, dtype=torch.float64)
    given = {name: torch.from_numpy(array) for name, array in objective.draw(stream(0, "objective", 1)).items()}
    return Batch(real, None), Draws(latent, None, given)


def logits(who: Players, batch: Batch, draws: Draws) -> tuple[Tensor, Tensor]:
    """Of two outcomes: how much more of the second there is, for reals and fakes."""
    both = who.discriminator(batch.real), who.discriminator(who.generator(draws.latent))
    return both[0][:, 1] - both[0][:, 0], both[1][:, 1] - both[1][:, 0]


@pytest.mark.parametrize("divergence", ["kl", "cross_entropy"])
@pytest.mark.parametrize("together", [False, True])
def test_two_outcomes_are_the_standard_gan(players: Callable[[int], Players], divergence: str, together: bool) -> None:
    objective = Realness(anchors=TWO, divergence=divergence, together=together)  # type: ignore[arg-type]
    who = players(2)
    batch, draws = moment(objective)
    real, fake = logits(who, batch, draws)
    losses = objective.discriminator_loss(Step(who, batch, draws))
    bce = binary_cross_entropy_with_logits
    torch.testing.assert_close(losses["real"], bce(real, torch.ones_like(real)))
    torch.testing.assert_close(losses["fake"], bce(fake, torch.zeros_like(fake)))
    minimax = replace(objective, equation=18).generator_loss(Step(who, batch, draws))
    torch.testing.assert_close(dict(minimax), {"fake": -softplus(fake).mean()})  # log(1 - p)
    third = replace(objective, equation=20).generator_loss(Step(who, batch, draws))
    torch.testing.assert_close(third["real"], softplus(-fake).mean())  # -log p
    torch.testing.assert_close(third["fake"], minimax["fake"])


def test_the_standard_gan_s_gradients_too(players: Callable[[int], Players]) -> None:
    objective = Realness(anchors=TWO, equation=18)
    who = players(2)
    batch, draws = moment(objective)
    ours = torch.autograd.grad(
        objective.generator_loss(Step(who, batch, draws))["fake"], list(who.generator.module.parameters())
    )
    theirs = torch.autograd.grad(
        -softplus(logits(who, batch, draws)[1]).mean(), list(who.generator.module.parameters())
    )
    torch.testing.assert_close(ours, theirs)


def test_the_article_s_constants() -> None:
    """D's loss where its output is uniform, and where G is perfect and D the best answer to it."""
    objective = Realness(anchors=EXACT)
    real, fake = (torch.from_numpy(anchor) for anchor in objective.draw(stream(0, "", 1)).values())
    uniform = torch.full((4, 20), 1 / 20, dtype=torch.float64)
    both = objective.distance(real, uniform) + objective.distance(fake, uniform)
    assert both.item() == pytest.approx(0.5850, abs=5e-5)
    best = ((real + fake) / 2).expand(4, 20)
    both = objective.distance(real, best) + objective.distance(fake, best)
    assert both.item() == pytest.approx(0.5541, abs=5e-5)
    assert objective.distance(real, real[None]).item() == objective.bounds()["discriminator"][0] == 0


@pytest.mark.parametrize("divergence", ["kl", "cross_entropy"])
def test_equations_3_and_18_to_20(players: Callable[[int], Players], divergence: str) -> None:
    objective = Realness(divergence=divergence)  # type: ignore[arg-type]
    who = players(20)
    batch, draws = moment(objective)
    of_real = log_softmax(who.discriminator(batch.real), 1)
    of_fake = log_softmax(who.discriminator(who.generator(draws.latent)), 1)
    a1, a0 = draws.factors[REAL], draws.factors[FAKE]

    def distance(p: Tensor, log_q: Tensor) -> Tensor:
        p = p.expand_as(log_q)
        return kl_div(log_q, p, reduction="batchmean") if divergence == "kl" else -(p * log_q).sum(1).mean()

    torch.testing.assert_close(
        dict(objective.discriminator_loss(Step(who, batch, draws))),
        {"real": distance(a1, of_real), "fake": distance(a0, of_fake)},
    )
    away = {"fake": -distance(a0, of_fake)}
    firsts = {18: {}, 19: {"pair": distance(of_real.exp(), of_fake)}, 20: {"real": distance(a1, of_fake)}}
    for equation, first in firsts.items():
        losses = replace(objective, equation=equation).generator_loss(Step(who, batch, draws))  # type: ignore[arg-type]
        torch.testing.assert_close(dict(losses), first | away)


def test_cross_entropy_differs_by_a_constant_for_g(players: Callable[[int], Players]) -> None:
    gradients = []
    for divergence in ("kl", "cross_entropy"):
        objective = Realness(anchors=EXACT, divergence=divergence)
        who = players(20)
        batch, draws = moment(objective)
        loss = torch.stack(list(objective.generator_loss(Step(who, batch, draws)).values())).sum()
        gradients.append(torch.autograd.grad(loss, list(who.generator.module.parameters())))
    torch.testing.assert_close(*gradients)


def test_g_learns_from_fakes_alone(players: Callable[[int], Players]) -> None:
    """D(real) in equation 19 is a constant for G, and no fake carries D's loss back to G."""
    objective = Realness()
    who = players(20)
    batch, draws = moment(objective)
    real = batch.real.requires_grad_()
    torch.stack(list(objective.generator_loss(Step(who, Batch(real, None), draws)).values())).sum().backward()
    assert real.grad is None and all(p.grad is not None for p in who.generator.module.parameters())
    who.generator.module.zero_grad()
    torch.stack(list(objective.discriminator_loss(Step(who, batch, draws)).values())).sum().backward()
    assert all(p.grad is None for p in who.generator.module.parameters())


def test_certain_outcomes_stay_finite() -> None:
    """An empty bin and a probability that underflows: logarithms of 1e-16, not of 0."""
    objective = Realness()
    certain = torch.tensor([[1000.0, 0.0]]).softmax(1).requires_grad_()
    loss = objective.distance(torch.tensor([0.0, 1.0]), certain)
    assert loss.item() == pytest.approx(-log(1e-16), rel=1e-6)
    loss.backward()
    assert certain.grad is not None and certain.grad.isfinite().all()
    assert objective.distance(torch.tensor([1.0, 0.0]), certain).item() == 0


def test_other_numbers_of_outcomes_are_refused(players: Callable[[int], Players]) -> None:
    objective = Realness()
    with pytest.raises(Refused, match=r"give discriminator\.outcomes and objective\.anchors\.outcomes"):
        objective.generator_loss(Step(players(3), *moment(objective)))


def test_bounds_are_told() -> None:
    assert Realness().bounds() == {"discriminator": (0, inf), "generator": (-inf, inf)}
    assert Realness(divergence="cross_entropy").bounds()["discriminator"] == (-inf, inf)
