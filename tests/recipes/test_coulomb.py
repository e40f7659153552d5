"""The Coulomb GAN's recipes: what the authors' code says, and both players moving at once."""

import pytest
import torch
from torch import nn

from honmono.networks.dcgan_same import SameDCGANGenerator
from honmono.networks.same_padding import SameConvTranspose2d
from honmono.objectives.coulomb import Coulomb
from honmono.recipe.build import build_networks
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.updates import Simultaneous, every_update
from honmono.recipe.value import Recipe
from honmono.recipes.coulomb import coulomb_cifar10_paper, coulomb_grid


def test_both_players_move_at_once_on_one_batch() -> None:
    for recipe in (coulomb_cifar10_paper(), coulomb_grid()):
        (program,) = recipe.updates
        assert isinstance(program, Simultaneous)
        updates = every_update(recipe.updates)
        assert sorted(update.player for update in updates) == ["discriminator", "generator"]
        assert len({(update.draws, update.real) for update in updates} - {(None, None)}) == 1


def networks(recipe: Recipe) -> tuple[nn.Module, nn.Module]:
    generator, discriminator = build_networks(recipe, nominal_data_spec(recipe)).values()
    return generator, discriminator


def test_shapes_are_those_of_the_authors_networks() -> None:
    """G: 4x4x1024 -> 8x8x512 -> 16x16x256 -> 32x32x3. D: 16x16x128 -> 8x8x256 -> 4x4x512 -> 2x2x1024 -> 1."""
    generator, discriminator = networks(coulomb_cifar10_paper())
    weights = [tuple(p.shape) for p in generator.parameters() if p.dim() == 4]
    assert weights == [(1024, 512, 5, 5), (512, 256, 5, 5), (256, 3, 5, 5)]
    assert sum(isinstance(part, nn.BatchNorm2d) for part in generator.modules()) == 2
    weights = [tuple(p.shape) for p in discriminator.parameters() if p.dim() == 4]
    assert weights == [(128, 3, 5, 5), (256, 128, 5, 5), (512, 256, 5, 5), (1024, 512, 5, 5)]
    assert sum(isinstance(part, nn.BatchNorm2d) for part in discriminator.modules()) == 4
    assert [p.shape for p in discriminator.parameters() if p.dim() == 2] == [(1, 1024 * 2 * 2)]


def test_outputs_reach_beyond_black_and_white() -> None:
    torch.manual_seed(0)
    generator = SameDCGANGenerator(latent_dim=4, sample_shape=(3, 16, 16), width=4, levels=2, wide_tanh=True)
    fake = generator(torch.randn(5, 4))
    assert fake.shape == (5, 3, 16, 16)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(20)
    assert 1 < generator(torch.randn(5, 4)).abs().max() <= 1.7159


def test_of_1_the_output_is_1() -> None:
    """As "Efficient BackProp" chose it: 1.7159 tanh(2 / 3) = 1."""
    generator = SameDCGANGenerator(latent_dim=4, sample_shape=(3, 16, 16), width=4, levels=2, wide_tanh=True)
    *_, last = (part for part in generator.modules() if isinstance(part, SameConvTranspose2d))
    assert last.bias is not None
    with torch.no_grad():
        last.weight.zero_()
        last.bias.fill_(1.0)
    assert generator(torch.randn(2, 4)).detach().numpy() == pytest.approx(1.0, abs=1e-3)


def test_self_terms_and_eps_are_switches() -> None:
    changes = {"objective.self_terms": "false", "objective.eps": "0.1", "objective.schedule": "Constant()"}
    assert override(coulomb_grid(), changes).objective == Coulomb(eps=0.1, self_terms=False)


def test_in_the_plane_forces_sharpen_while_rates_fall() -> None:
    """From 6 sigma to 2.4: with as sharp ones at full rates modes were lost."""
    recipe = coulomb_grid()
    objective, sigma = recipe.objective, recipe.data.sigma  # type: ignore[attr-defined]
    assert isinstance(objective, Coulomb) and objective.dimension == 3
    end = recipe.training.steps * recipe.training.batch_size
    eps = [objective.eps * objective.schedule.at(images) for images in (0, end // 2, 3 * end // 4, end)]
    assert eps[0] == eps[1] == pytest.approx(6 * sigma) and eps[1] > eps[2] > eps[3] == pytest.approx(2.4 * sigma)
    rates = [recipe.training.learning_rates.generator.at(images) for images in (end // 3, end // 2, end)]
    assert rates[0] == 1 > rates[1] > rates[2] == pytest.approx(0.02)
    assert coulomb_cifar10_paper().objective == Coulomb()  # there eps stays
