"""Facts of the article's conditional GAN and face GAN, from the sources that the recipes name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from honmono.data.batches import SampleOrder
from honmono.data.choose import with_source
from honmono.data.pictures import Pictures
from honmono.devices import choose
from honmono.networks.label_maps import LabelMapsConv2d
from honmono.networks.same_padding import SameConv2d, SameConvTranspose2d
from honmono.recipe.build import build_networks, count_parameters
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.registry import entries
from honmono.recipe.serialize import to_json
from honmono.recipe.updates import every_update
from honmono.recipe.value import Recipe
from honmono.recipes.cgan import cgan_mnist, cgan_mnist_article, cgan_mnist_paper, dcgan_faces_article
from honmono.recipes.dcgan import dcgan_mnist
from honmono.runs.images import to_uint8
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


def networks(recipe: Recipe) -> tuple[nn.Module, nn.Module]:
    generator, discriminator = build_networks(recipe, nominal_data_spec(recipe)).values()
    return generator, discriminator


def parts(network: nn.Module, *kinds: type[nn.Module]) -> list[nn.Module]:
    return [part for part in network.modules() if isinstance(part, kinds)]


def test_parameters() -> None:
    assert tuple(map(count_parameters, networks(cgan_mnist_article()))) == (1_484_035, 1_050_241)
    assert tuple(map(count_parameters, networks(dcgan_faces_article()))) == (6_840_835, 4_313_089)


def test_labels_make_110_inputs_and_13_channels() -> None:
    generator, discriminator = networks(cgan_mnist_article())
    first, (projection, *_) = parts(discriminator, LabelMapsConv2d)[0], parts(generator, nn.Linear)
    assert isinstance(projection, nn.Linear) and projection.in_features == 110
    assert isinstance(first, LabelMapsConv2d) and first.weight.shape[1] == 13


def test_sides_of_the_maps() -> None:
    generator, discriminator = networks(cgan_mnist_article())
    grown = parts(generator, SameConvTranspose2d)
    assert [layer.size for layer in grown if isinstance(layer, SameConvTranspose2d)] == [7, 14, 28]
    sides = sides_through(discriminator, (LabelMapsConv2d, SameConv2d), torch.zeros(2, 3, 28, 28), torch.tensor([0, 1]))
    assert sides == [14, 7, 4]
    generator, discriminator = networks(dcgan_faces_article())
    grown = parts(generator, SameConvTranspose2d)
    assert [layer.size for layer in grown if isinstance(layer, SameConvTranspose2d)] == [14, 27, 54, 108]
    assert generator.get_parameter("project.weight").shape == (7 * 7 * 512, 100)
    assert sides_through(discriminator, (nn.Conv2d,), torch.zeros(2, 3, 108, 108), None) == [52, 24, 10, 3]


def sides_through(
    network: nn.Module, kinds: tuple[type[nn.Module], ...], picture: torch.Tensor, label: torch.Tensor | None
) -> list[int]:
    sides: list[int] = []
    for layer in parts(network, *kinds):
        layer.register_forward_hook(lambda _, __, output: sides.append(output.shape[-1]))
    network(picture, label)
    return sides


@pytest.mark.parametrize("make", [cgan_mnist_article, dcgan_faces_article])
def test_batch_norms_and_slopes(make: Callable[[], Recipe]) -> None:
    recipe = make()
    generator, discriminator = networks(recipe)
    norms = parts(generator, nn.BatchNorm2d) + parts(discriminator, nn.BatchNorm2d)
    found = {(norm.eps, norm.momentum, norm.affine) for norm in norms if isinstance(norm, nn.BatchNorm2d)}
    assert found == {(1e-5, 0.1, True)}  # torch's momentum is what TensorFlow's decay, 0.9, leaves
    levels = recipe.generator.keywords["levels"]
    assert len(parts(generator, nn.BatchNorm2d)) == levels - 1 and len(parts(discriminator, nn.BatchNorm2d)) == levels
    slopes = parts(discriminator, nn.LeakyReLU)
    assert {part.negative_slope for part in slopes if isinstance(part, nn.LeakyReLU)} == {0.1}


@pytest.mark.parametrize("make", [cgan_mnist_article, dcgan_faces_article])
def test_a_step_is_g_g_d_on_one_z_and_one_batch(
    make: Callable[[], Recipe], on_small_data: Callable[[Recipe], Recipe], observed: Callable
) -> None:
    recipe, steps = observed(on_small_data(override(make(), entries()[NAMES[make]].tiny)))
    program = every_update(recipe.updates)
    assert [(one.player, one.times(1)) for one in program] == [("generator", 2), ("discriminator", 1)]
    trainer = Trainer(recipe, recipe.data.open(), Engine(choose("cpu", "fp32", "off")))
    trainer.step()
    assert [player for player, _ in steps] == ["generator", "generator", "discriminator"]
    first = steps[0][1]
    for _, step in steps:
        assert torch.equal(step.batch.real, first.batch.real) and step.draws is first.draws
        assert step.draws.label is step.batch.label
        assert (step.batch.label is not None) == recipe.conditional
    assert trainer.clock.images == recipe.training.batch_size


NAMES = {cgan_mnist_article: "cgan-mnist-article", dcgan_faces_article: "dcgan-faces-article"}


def test_batches_are_drawn_with_replacement_and_the_last_picture_never() -> None:
    recipe = cgan_mnist_article()
    assert (recipe.data.order, recipe.data.limit, recipe.training.batch_size) == ("replacement", 55_000 - 1, 64)
    order = SampleOrder(recipe.data.limit, order=recipe.data.order, drop_last=True, batch_size=64, seed=0)
    drawn = np.concatenate([order.indices(64 * batch) for batch in range(2_000)])
    assert len(drawn) == 128_000 and drawn.max() == 54_998
    assert len(np.unique(drawn)) == pytest.approx(55_000 * (1 - np.exp(-128_000 / 55_000)), rel=0.01)


def test_how_long_the_article_trained() -> None:
    digits = cgan_mnist_article()
    assert digits.data.limit is not None
    assert 2_000 * digits.training.batch_size / (digits.data.limit + 1) == pytest.approx(2.33, abs=0.005)
    faces = dcgan_faces_article().training
    assert faces.steps * faces.batch_size / 202_599 == pytest.approx(10.4, abs=0.05)


def test_ranges_and_what_saturates() -> None:
    data, faces = cgan_mnist_article().data, dcgan_faces_article().data
    assert isinstance(data, Pictures) and isinstance(faces, Pictures)
    assert data.range == (-0.5, 0.5) and data.channels == 3
    assert to_uint8(torch.tensor([-0.9, -0.5, 0.5, 0.9]).view(4, 1, 1, 1), data.range).ravel().tolist() == [
        0,
        0,
        255,
        255,
    ]
    assert faces.range == pytest.approx(((0 - 128) / 255, (255 - 128) / 255))
    assert (faces.size, faces.fit, dcgan_faces_article().sampling) == (108, "crop", "batch")


def test_on_mnist_grey_becomes_three_equal_channels(mnist_dir: Path) -> None:
    recipe = cgan_mnist_article()
    dataset = with_source(recipe.data, str(mnist_dir), "cgan-mnist-article").open()
    real = dataset.gather(np.arange(5), np.random.default_rng(0)).real
    assert dataset.length == 54_999 and real.shape == (5, 3, 28, 28)
    assert torch.equal(real[:, 0], real[:, 1]) and torch.equal(real[:, 0], real[:, 2])
    assert (real.min().item(), real.max().item()) == (-0.5, 0.5)


def test_today_s_differs_from_dcgan_mnist_in_penalty_schedule_and_pictures() -> None:
    today, parent = to_json(cgan_mnist()), to_json(dcgan_mnist())
    assert {name for name in today if today[name] != parent[name]} == {"objective", "training", "grids"}
    training = cgan_mnist().training
    assert training.steps * training.batch_size == 128_000


def test_the_paper_s_rate_falls_by_equal_factors_to_a_floor() -> None:
    training = cgan_mnist_paper().training
    rate, batch = training.learning_rates.generator, training.batch_size
    ratios = [rate.at((step + 1) * batch) / rate.at(step * batch) for step in (0, 1, 1_000, training.steps)]
    assert rate.at(0) == 1 and ratios == pytest.approx([ratios[0]] * 4, rel=1e-7) and ratios[0] < 1
    assert rate.at(10**9) == rate.at(10**10) < rate.at(training.steps * batch)


def test_the_paper_s_players_hear_the_label_and_drop_units_in_training_alone() -> None:
    recipe = cgan_mnist_paper()
    generator, discriminator = networks(recipe)
    latent, picture = torch.rand(1, 100).expand(2, -1), torch.rand(1, 1, 28, 28).expand(2, -1, -1, -1)
    for network, given in ((generator, latent), (discriminator, picture)):
        other, same = torch.tensor([3, 8]), torch.tensor([3, 3])
        assert not torch.allclose(*network.eval()(given, other)) and torch.allclose(*network(given, same))
        assert not torch.allclose(*network.train()(given, same))
    assert 0 <= generator(latent, torch.tensor([3, 8])).min()
