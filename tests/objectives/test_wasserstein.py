"""The Wasserstein loss by hand, and its penalties on discriminators whose gradients are known."""

from dataclasses import replace
from math import hypot

import pytest
import torch
from torch import Tensor, nn

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.networks.growing import enlarged, halved
from honmono.networks.pggan import PGGANDiscriminator
from honmono.objectives.base import Draws, Step
from honmono.objectives.wasserstein import Drift, GradientPenalty, Wasserstein


REAL, FAKE = torch.tensor([1.0, 3.0]), torch.tensor([-2.0, 0.0])


class Plane(nn.Module):
    """D(x) = w . x + b."""

    def __init__(self, *weight: float, bias: float = 0.0) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.tensor(weight)), bias

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return sample.flatten(1) @ self.weight + self.bias


class Parabola(nn.Module):
    """D(x) = x^2 / 2 on the line, whose gradient is x."""

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return sample.flatten(1).square().sum(1) / 2


def test_the_paper_s_losses_by_hand() -> None:
    objective = Wasserstein()
    assert objective.discriminator_terms(REAL, FAKE) == {"real": torch.tensor(-2.0), "fake": torch.tensor(-1.0)}
    assert objective.generator_terms(FAKE) == {"fake": torch.tensor(1.0)}


def test_the_article_s_losses_by_hand() -> None:
    """The mean of label times score over both halves of a batch, with labels 1 for reals and -1 for fakes."""
    objective = Wasserstein(real_scores="low", factor=0.5)
    labels = torch.tensor([1.0, 1.0, -1.0, -1.0])
    terms = objective.discriminator_terms(REAL, FAKE)
    assert terms == {"real": torch.tensor(1.0), "fake": torch.tensor(0.5)}
    assert terms["real"] + terms["fake"] == (labels * torch.cat([REAL, FAKE])).mean()
    assert objective.generator_terms(FAKE) == {"fake": torch.tensor(-1.0)}


def test_the_estimate_of_the_distance_is_minus_twice_the_article_s_loss() -> None:
    """Scores that a critic would give, real low and fake high, of points whose means are 3 apart."""
    real, fake = torch.tensor([0.0, 1.0]), torch.tensor([3.0, 4.0])
    halved = sum(Wasserstein(real_scores="low", factor=0.5).discriminator_terms(real, fake).values())
    whole = sum(Wasserstein(real_scores="high").discriminator_terms(-real, -fake).values())
    assert -2 * halved == -whole == 3.0


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_turning_the_signs_is_turning_the_discriminator(factor: float) -> None:
    high, low = (Wasserstein(real_scores=sign, factor=factor) for sign in ("high", "low"))
    assert high.discriminator_terms(REAL, FAKE) == low.discriminator_terms(-REAL, -FAKE)
    assert high.generator_terms(FAKE) == low.generator_terms(-FAKE)
    assert all(low == -float("inf") and top == float("inf") for low, top in high.bounds().values())


def penalty(one, discriminator: nn.Module, as_players, real: Tensor, fake: Tensor) -> Tensor:
    draws = Draws(torch.zeros(0, 1), None, uniform=torch.rand(len(real), 1))
    step = Step(as_players(nn.Identity(), discriminator), Batch(real, None), draws)
    return one.value(step, fake, discriminator(real))


def test_the_gradient_penalty_is_exact_on_a_linear_discriminator(as_players) -> None:
    """Wherever the samples lie: the gradient is w. Of 10 (|w| - 1)^2 it is 20 (|w| - 1) w / |w|."""
    real, fake = torch.randn(2, 7, 2)
    for weight in ((3.0, 4.0), (0.3, -0.4)):
        discriminator = Plane(*weight)
        value = penalty(GradientPenalty(), discriminator, as_players, real, fake)
        norm = hypot(*weight)
        assert value.item() == pytest.approx(10 * (norm - 1) ** 2, rel=1e-5)
        value.backward()
        assert discriminator.weight.grad is not None
        torch.testing.assert_close(discriminator.weight.grad, 20 * (norm - 1) / norm * torch.tensor(weight))


def test_strength_and_target(as_players) -> None:
    real, fake = torch.randn(2, 7, 3, 2, 2)
    weight = [0.5 * float(sign) for sign in torch.randn(12).sign()]  # of length sqrt(3)
    length = 3**0.5

    def value(one: GradientPenalty) -> float:
        return penalty(one, Plane(*weight), as_players, real, fake).item()

    assert value(GradientPenalty(strength=0.1)) == pytest.approx(0.1 * (length - 1) ** 2, rel=1e-5)
    assert value(GradientPenalty(target=750.0)) == pytest.approx(10 * (length - 750) ** 2 / 750**2, rel=1e-5)
    with pytest.raises(Refused, match="target is 0"):
        GradientPenalty(target=0)


@pytest.mark.parametrize(("stage", "alpha"), [(0, 1.0), (1, 0.25), (2, 1.0)])
def test_of_growing_networks_it_may_be_of_pictures_of_full_size(as_players, stage: int, alpha: float) -> None:
    """As if pictures with repeated pixels were given, which the discriminator averages back to its stage's size."""
    discriminator = PGGANDiscriminator(sample_shape=(1, 16, 16), features=32, max_width=8)
    discriminator.set_stage(stage, alpha)
    side = discriminator.sizes[stage]
    real, fake = torch.randn(2, 6, 1, side, side)
    torch.manual_seed(0)
    value = penalty(GradientPenalty(pixels="full"), discriminator, as_players, real, fake)
    torch.manual_seed(0)
    point = real + torch.rand(6, 1, 1, 1) * (fake - real)
    whole = enlarged(point, 16).requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(halved(whole, 16 // side)).sum(), whole)
    expected = 10 * (gradient.flatten(1).norm(dim=1) - 1).square().mean()
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)


def test_it_is_taken_between_each_real_and_its_fake(as_players) -> None:
    """On a parabola the penalty tells where: between 2 and 4 the gradient is 2 to 4, and never the same for two."""
    real, fake = torch.full((500, 1), 2.0), torch.full((500, 1), 4.0)
    torch.manual_seed(0)
    value = penalty(GradientPenalty(strength=1.0), Parabola(), as_players, real, fake).item()
    assert value == pytest.approx((27 - 1) / 3 / 2, rel=0.05)  # the mean of (x - 1)^2 from 2 to 4
    torch.manual_seed(0)
    assert value == penalty(GradientPenalty(strength=1.0), Parabola(), as_players, real, fake).item()
    assert value != penalty(GradientPenalty(strength=1.0), Parabola(), as_players, real, fake).item()


def test_a_sample_s_random_number_is_its_position(as_players) -> None:
    """0: at the real sample; 1: at the fake. With packs it is that of a pack's first sample."""
    real, fake, uniform = torch.full((4, 1), 2.0), torch.full((4, 1), 4.0), torch.tensor([[0.0], [1.0], [0.5], [0.0]])
    for pack, points in ((1, [2.0, 4.0, 3.0, 2.0]), (2, [2 * 2**0.5, 3 * 2**0.5])):
        objective = Wasserstein(pack=pack, penalties=(GradientPenalty(strength=1.0),))
        players = as_players(nn.Identity(), Parabola())._replace(generator=lambda latent, label=None: latent)
        step = Step(players, Batch(real, None), Draws(fake, None, uniform=uniform))
        expected = sum((point - 1) ** 2 for point in points) / len(points)
        assert objective.discriminator_loss(step)["gradient"].item() == pytest.approx(expected)


def test_a_flat_discriminator_has_a_finite_gradient(as_players) -> None:
    discriminator = Plane(0.0, 0.0)
    value = penalty(GradientPenalty(), discriminator, as_players, *torch.randn(2, 4, 2))
    value.backward()
    assert value.item() == 10 and discriminator.weight.grad is not None
    assert discriminator.weight.grad.isfinite().all()


def test_the_gradient_penalty_refuses_batch_norm(as_players) -> None:
    with pytest.raises(Refused, match="batch norm"):
        penalty(GradientPenalty(), nn.BatchNorm1d(2), as_players, *torch.randn(2, 4, 2))


def test_drift_is_the_mean_square_of_real_scores(as_players) -> None:
    real = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    value = penalty(Drift(), Plane(1.0, 1.0, bias=1.0), as_players, real, torch.randn(2, 2))
    assert value.item() == pytest.approx(0.001 * (2**2 + 3**2) / 2)


@pytest.mark.parametrize("together", [True, False])
def test_compiled_it_is_as_exact(as_players, together: bool) -> None:
    torch._dynamo.reset()
    objective = Wasserstein(together=together, penalties=(GradientPenalty(), Drift()))
    players = as_players(nn.Identity(), Plane(3.0, 4.0))
    batch, draws = Batch(torch.randn(6, 2), None), Draws(torch.randn(6, 2), None, uniform=torch.rand(6, 1))
    players = players._replace(generator=lambda latent, label=None: latent)
    step = Step(players, batch, draws)
    eager = objective.discriminator_loss(step)
    compiled = torch.compile(objective.discriminator_loss, backend="aot_eager", dynamic=False)(step)
    assert set(compiled) == {"real", "fake", "gradient", "drift"}
    for name, value in eager.items():
        torch.testing.assert_close(value, compiled[name])
    assert replace(objective, real_scores="low") != objective
