"""Facts of PGGAN's recipes and of the article's, which never grows."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from honmono.data.choose import with_source
from honmono.errors import Refused
from honmono.networks.equalized import EqualizedConv2d
from honmono.networks.pggan import PGGANDiscriminator, PGGANGenerator
from honmono.recipe.build import build_networks, count_parameters
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.growth import Growth
from honmono.recipe.latents import Normal
from honmono.recipe.value import Recipe
from honmono.recipes.pggan import (
    PGGANArticleDiscriminator,
    PGGANArticleGenerator,
    pggan_cifar10,
    pggan_folder,
    pggan_mnist,
    pggan_mnist_article,
)


def parameters(recipe: Recipe) -> tuple[int, int]:
    generator, discriminator = build_networks(recipe, nominal_data_spec(recipe)).values()
    return count_parameters(generator), count_parameters(discriminator)


def test_the_article_s_networks() -> None:
    assert parameters(pggan_mnist_article()) == (3_444_480, 2_633_472)
    generator, discriminator = build_networks(pggan_mnist_article(), nominal_data_spec(pggan_mnist_article())).values()
    fake = generator(torch.randn(3, 100))
    assert fake.shape == (3, 1, 32, 32) and fake.abs().max() <= 1
    probability = discriminator(fake)
    assert probability.shape == (3,) and ((0 < probability) & (probability < 1)).all()


def test_the_article_s_shapes_and_norms() -> None:
    generator = PGGANArticleGenerator(latent_dim=100, sample_shape=(1, 32, 32))
    discriminator = PGGANArticleDiscriminator(sample_shape=(1, 32, 32))
    shapes: list[tuple[int, ...]] = []
    for network in (generator, discriminator):
        for layer in network.layers:
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                assert layer.bias is None
                layer.register_forward_hook(lambda _, __, output: shapes.append(tuple(output.shape[1:])))
    discriminator(generator(torch.randn(2, 100)))
    assert shapes[:4] == [(512, 4, 4), (256, 8, 8), (128, 16, 16), (1, 32, 32)]
    assert shapes[4:] == [(128, 16, 16), (256, 8, 8), (512, 4, 4), (1, 1, 1)]
    assert isinstance(discriminator.layers[1], nn.BatchNorm2d)  # on the first layer too


def test_the_article_s_lower_depths_make_maps_and_no_pictures() -> None:
    """So they could not be trained: there are no layers to colours and from them."""
    generator = PGGANArticleGenerator(latent_dim=100, sample_shape=(1, 32, 32))
    channels = [generator.layers[: 3 * depth](torch.randn(2, 100, 1, 1)).shape[1] for depth in (1, 2, 3)]
    assert channels == [512, 256, 128]


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 64, 64)])
def test_the_article_s_networks_refuse_other_sizes(shape: tuple[int, ...]) -> None:
    with pytest.raises(Refused, match="32x32"):
        PGGANArticleGenerator(latent_dim=100, sample_shape=shape)


def test_parameters_of_the_paper_s_networks() -> None:
    assert parameters(pggan_cifar10()) == (1_296_908, 1_298_689)
    default = replace(
        pggan_mnist(),
        latent=Normal(512),
        generator=partial(PGGANGenerator),
        discriminator=partial(PGGANDiscriminator),
    )
    assert parameters(default) == (20_715_524, 20_722_689)


def test_a_thousandth_of_the_average_is_new_in_each_batch() -> None:
    for recipe, batch in ((pggan_cifar10(), 64), (pggan_folder(), 16)):
        average = recipe.training.average
        assert average is not None and recipe.training.batch_size == batch
        assert average.decay(10**7, batch) == pytest.approx(0.999, abs=1e-6)


def test_schedules_and_lengths() -> None:
    sizes = (4, 8, 16, 32)
    cifar, mnist = pggan_cifar10(), pggan_mnist()
    assert cifar.growth == Growth(4, 400_000, 400_000, (128, 128, 128))
    growths = [make().growth for make in (pggan_cifar10, pggan_mnist, pggan_folder)]
    assert all(growth is not None and growth.reset_optimizers for growth in growths)
    assert pggan_folder().growth == Growth(4, 600_000, 600_000, (128, 128, 128, 64, 32))
    assert mnist.growth is not None and mnist.growth.images_to_full_size(sizes) == 180_000
    for recipe, images in ((cifar, 20_000_000), (mnist, 300_000)):
        assert recipe.growth is not None
        step = seen = 0
        while seen < images:
            step, seen = step + 1, seen + recipe.growth.batch_size(seen, sizes, recipe.training.batch_size)
        assert step == recipe.training.steps


def test_mnist_is_padded_and_has_at_most_64_channels() -> None:
    recipe = pggan_mnist()
    assert recipe.data.fit == "pad" and nominal_data_spec(recipe).sample_shape == (1, 32, 32)  # type: ignore[attr-defined]
    networks = build_networks(recipe, nominal_data_spec(recipe))
    layers = [
        layer for network in networks.values() for layer in network.modules() if isinstance(layer, EqualizedConv2d)
    ]
    assert max(max(layer.weight.shape) for layer in layers) == 65  # 64, and the map of the minibatch deviation


def test_mnist_has_two_black_pixels_around_it_and_60_000_pictures(mnist_dir: Path) -> None:
    dataset = with_source(pggan_mnist().data, str(mnist_dir), "pggan-mnist").open()
    real = dataset.gather(np.arange(64), np.random.default_rng(0)).real
    assert dataset.length == 60_000 and real.shape == (64, 1, 32, 32)
    middle = real[:, :, 2:-2, 2:-2]
    assert (real.min(), real.max()) == (-1, 1)
    assert torch.isclose((real + 1).sum(), (middle + 1).sum())  # all else is black
