"""Coulomb's potential: its values by hand, its forces, and the losses made of it."""

from dataclasses import replace
from math import sqrt

import pytest
import torch
from torch import Tensor, nn

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.objectives.base import Draws, Step
from honmono.objectives.coulomb import Coulomb, kernel, potential
from honmono.schedules import Geometric


class Same(nn.Module):
    """A generator whose fakes are its latents."""

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return latent


class First(nn.Module):
    """D(x) = a times the first coordinate."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return self.factor * sample[:, 0]


def points(number: int, seed: int = 0) -> Tensor:
    return torch.randn(number, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_the_kernel_by_hand() -> None:
    """1 / sqrt(r^2 + eps^2) in three dimensions, 1 / (r^2 + eps^2) in four; r = 5."""
    one, other = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    torch.testing.assert_close(kernel(one, other, 1.0, 3.0), torch.tensor([[1 / sqrt(26), 1.0]]))
    torch.testing.assert_close(kernel(one, other, 2.0, 4.0), torch.tensor([[1 / 29, 1 / 4]]))


def test_the_potential_by_hand() -> None:
    """One fake at 0, reals at distances 0 and 5 from the place."""
    place, fake = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 0.0]])
    real = torch.tensor([[3.0, 4.0], [6.0, 8.0]])
    expected = 1 / sqrt(26) - (1 + 1 / sqrt(26)) / 2
    assert potential(place, fake, real).item() == pytest.approx(expected)


def test_it_is_zero_everywhere_when_fakes_equal_reals() -> None:
    real = points(20)
    assert potential(points(50, seed=1) * 3, real[torch.randperm(20)], real, eps=0.3).abs().max() < 1e-14
    of_real, of_fake = Coulomb(eps=0.3).potentials(real, real)
    assert of_real.abs().max() == of_fake.abs().max() == 0


def test_a_lone_fake_is_drawn_straight_to_a_real() -> None:
    """Its own charge does not move it: the field of a softened charge is 0 at its centre."""
    real = torch.tensor([[2.0, 1.0]], dtype=torch.float64)
    place = torch.tensor([[-1.0, 5.0]], dtype=torch.float64, requires_grad=True)
    potential(place, place.detach(), real, eps=0.5).sum().backward()
    assert place.grad is not None
    way = (real - place.detach())[0]  # down the potential
    force = -place.grad[0]
    assert torch.dot(force, way) / (force.norm() * way.norm()) == pytest.approx(1.0)
    distance = way.norm()
    assert force.norm().item() == pytest.approx((distance / (distance**2 + 0.25) ** 1.5).item())


def test_forces_on_all_charges_sum_to_zero() -> None:
    fake, real = points(6), points(9, seed=1) + 1

    def pull(places: Tensor) -> Tensor:
        places = places.clone().requires_grad_()
        potential(places, fake, real, eps=0.2, dimension=4.0).sum().backward()
        assert places.grad is not None
        return -places.grad

    # a fake has a charge of 1/6, a real one of -1/9
    assert torch.allclose(
        pull(fake).sum(0) / 6 - pull(real).sum(0) / 9, torch.zeros(2, dtype=torch.float64), atol=1e-12
    )
    assert pull(fake).norm() > 1e-2


def test_the_order_of_samples_does_not_matter() -> None:
    fake, real = points(6), points(9, seed=1)
    of_real, of_fake = Coulomb().potentials(real, fake)
    order = torch.randperm(6), torch.randperm(9)
    shuffled_real, shuffled_fake = Coulomb().potentials(real[order[1]], fake[order[0]])
    torch.testing.assert_close(shuffled_real, of_real[order[1]])
    torch.testing.assert_close(shuffled_fake, of_fake[order[0]])


def test_self_terms_can_be_left_out() -> None:
    """One fake and one real then feel each other alone."""
    fake, real = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]])
    with_own, without = Coulomb(eps=0.5), Coulomb(eps=0.5, self_terms=False)
    attraction = 1 / sqrt(25.25)
    assert [float(p) for p in without.potentials(real, fake)] == pytest.approx([attraction, -attraction])
    assert [float(p) for p in with_own.potentials(real, fake)] == pytest.approx([attraction - 2, 2 - attraction])


def test_pictures_are_points_of_many_dimensions() -> None:
    fake, real = torch.randn(2, 4, 3, 2, 2)
    flat = potential(fake.flatten(1), fake.flatten(1), real.flatten(1))
    assert torch.equal(potential(fake, fake, real), flat)


def test_the_losses_by_hand(as_players) -> None:
    """D learns the potential as a fixed number; G goes where D is low."""
    real, fake = torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0]])
    objective = Coulomb()
    discriminator = First(2.0)
    players, batch, draws = as_players(Same(), discriminator), Batch(real, None), Draws(fake, None)
    attraction = 1 / sqrt(21)
    losses = objective.discriminator_loss(Step(players, batch, draws))
    assert losses["real"].item() == pytest.approx((6 - (attraction - 1)) ** 2)
    assert losses["fake"].item() == pytest.approx((2 - (1 - attraction)) ** 2)
    losses["fake"].backward()
    assert discriminator.factor.grad is not None
    assert discriminator.factor.grad.item() == pytest.approx(2 * (2 - (1 - attraction)))
    assert {k: v.item() for k, v in objective.generator_loss(Step(players, batch, draws)).items()} == {"fake": 2.0}
    assert objective.couples_samples


@pytest.mark.parametrize("self_terms", [True, False])
def test_a_factor_of_the_clock_is_one_on_eps(as_players, self_terms: bool) -> None:
    real, fake = points(6), points(6, seed=1)
    players, batch = as_players(Same(), First(2.0)), Batch(real, None)
    large, small = (Coulomb(eps=eps, self_terms=self_terms) for eps in (0.4, 0.1))
    waning = replace(large, schedule=Geometric(end=0.25, images=64))
    assert waning.schedules() == {"eps": waning.schedule}
    at_first = waning.discriminator_loss(Step(players, batch, Draws(fake, None)))
    assert at_first == large.discriminator_loss(Step(players, batch, Draws(fake, None)))
    later = waning.discriminator_loss(
        Step(players, batch, Draws(fake, None, {"eps": torch.tensor(waning.schedule.at(64))}))
    )
    expected = small.discriminator_loss(Step(players, batch, Draws(fake, None)))
    torch.testing.assert_close(later, expected)
    assert abs(later["fake"] - at_first["fake"]) > 1e-3


def test_impossible_charges_are_refused() -> None:
    for make in (lambda: Coulomb(eps=0.0), lambda: Coulomb(dimension=2.0)):
        with pytest.raises(Refused, match="above"):
            make()
