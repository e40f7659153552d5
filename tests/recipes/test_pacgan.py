"""Facts of PacGAN's public code, on the grid and on Stacked MNIST."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from honmono.data.batches import SampleOrder
from honmono.data.stacked import StackedMNIST
from honmono.devices import choose
from honmono.networks.batch_norm import couples_samples
from honmono.recipe.build import build_networks, count_parameters, couples
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.serialize import to_json
from honmono.recipe.updates import Simultaneous, Update
from honmono.recipe.value import Recipe
from honmono.recipes.pacgan import pacgan_grid
from honmono.recipes.stacked_mnist import dcgan_stacked_mnist, pacgan_stacked_mnist
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


def parameters(recipe: Recipe) -> tuple[int, int]:
    generator, discriminator = build_networks(recipe, nominal_data_spec(recipe)).values()
    return count_parameters(generator), count_parameters(discriminator)


def test_the_grid_s_networks() -> None:
    generator = 2 * 400 + 3 * 400**2 + 4 * 2 * 400 + (400 * 2 + 2)
    discriminator = (2 * 1000 + 1000) + 2 * (200 * 1000 + 1000) + (200 + 1)
    assert parameters(override(pacgan_grid(), {"objective.pack": "1"})) == (generator, discriminator)
    assert parameters(pacgan_grid()) == (generator, discriminator + 2 * 1000)


def test_both_players_of_the_grid_move_at_once_on_the_same_fakes() -> None:
    recipe = pacgan_grid()
    assert recipe.updates == (Simultaneous((Update("discriminator", draws="z"), Update("generator", draws="z"))),)
    recipe = override(recipe, {"training.batch_size": "16", "training.precision": "fp64"})
    losses = Trainer(recipe, recipe.data.open(), Engine(choose("cpu", "fp64", "off"))).step()
    # the same scores s of the same discriminator: softplus(s) for it, softplus(-s) for G, and all s are near 0
    assert float(losses["discriminator.fake"] * losses["generator.fake"]) == pytest.approx(0.4805, abs=1e-3)


def test_the_stacks_networks_differ_in_the_first_convolution_alone() -> None:
    assert parameters(dcgan_stacked_mnist()) == (4_514_819, 4_310_401)
    assert parameters(pacgan_stacked_mnist()) == (4_514_819, 4_310_401 + 3 * 25 * 64)


def test_the_stacks_50_epochs_are_of_2_000_batches() -> None:
    recipe = dcgan_stacked_mnist()
    assert isinstance(recipe.data, StackedMNIST) and recipe.data.range == (0, 1)
    order = SampleOrder(recipe.data.samples, order="shuffled", drop_last=True, batch_size=64, seed=0)
    assert order.epoch_length == 2_000 * 64 and recipe.training.steps == 50 * 2_000
    assert recipe.updates == (Update("discriminator", draws="z"), Update("generator", draws="z", count=2))


def test_pacgan_s_stacks_are_dcgan_s_but_for_the_packs() -> None:
    parent, packed = dcgan_stacked_mnist(), pacgan_stacked_mnist()
    training = replace(parent.training, batch_size=2 * parent.training.batch_size)  # as many packs as it had pictures
    expected = replace(parent, objective=override(parent, {"objective.pack": "2"}).objective, training=training)
    assert to_json(packed) == to_json(expected)


def test_a_step_of_the_stacks(on_small_data: Callable[[Recipe], Recipe]) -> None:
    recipe = on_small_data(
        override(
            pacgan_stacked_mnist(), {"generator.width": "4", "discriminator.width": "4", "training.batch_size": "8"}
        )
    )
    trainer = Trainer(recipe, recipe.data.open(), Engine(choose("cpu", "fp32", "off")))
    real = next(trainer.reals()).real
    assert real.shape == (8, 3, 28, 28) and real.min() >= 0 and real.max() <= 1
    assert couples_samples(trainer.networks["discriminator"]) and couples(trainer.recipe, trainer.networks)
    assert set(trainer.step()) == {"discriminator.real", "discriminator.fake", "generator.fake"}
    assert trainer.clock.images == 8
