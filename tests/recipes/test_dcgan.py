"""Facts of the article's DCGAN and of ours, from the sources that the recipes name."""

from collections.abc import Callable
from math import e, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.svm import SVC
from torch import nn

from honmono.data.batches import SampleOrder
from honmono.data.choose import with_source
from honmono.devices import choose
from honmono.generation.model import take
from honmono.networks.batch_norm import couples_samples
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe.build import build_networks, count_parameters
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.updates import every_update
from honmono.recipe.value import Recipe
from honmono.recipes.dcgan import dcgan_64_paper, dcgan_digits, dcgan_folder, dcgan_mnist
from honmono.recipes.dcgan_article import dcgan_mnist_article
from honmono.runs.images import to_uint8
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


def networks() -> tuple[torch.nn.Module, torch.nn.Module]:
    generator, discriminator = build_networks(dcgan_mnist_article(), nominal_data_spec(dcgan_mnist_article())).values()
    return generator, discriminator


def test_the_article_s_networks() -> None:
    generator, discriminator = networks()
    assert (count_parameters(generator), count_parameters(discriminator)) == (1_070_657, 660_929)
    assert couples_samples(generator) and not couples_samples(discriminator)


def test_weights_and_biases_begin_at_a_deviation_of_0_02() -> None:
    for network in networks():
        layers = [m for m in network.modules() if getattr(m, "bias", None) is not None and "BatchNorm" not in repr(m)]
        every = torch.cat([p.detach().flatten() for layer in layers for p in layer.parameters(recurse=False)])
        biases = torch.cat([layer.bias.detach() for layer in layers])  # type: ignore[union-attr]
        assert abs(every.std() - 0.02) < 2e-4 and abs(every.mean()) < 1e-4
        assert abs(biases.std() - 0.02) < 2e-3


def test_the_article_s_epoch_is_300_batches_of_30_000_pictures() -> None:
    recipe = dcgan_mnist_article()
    assert (recipe.data.limit, recipe.training.batch_size, recipe.training.steps) == (30_000, 100, 51 * 300)
    assert (recipe.training.sample_every, recipe.training.checkpoint_every) == (2 * 300, 300)
    order = SampleOrder(30_000, order="shuffled", drop_last=recipe.data.drop_last, batch_size=100, seed=0)
    assert order.epoch_length == 30_000


def test_double_sigmoid_bounds() -> None:
    objective = dcgan_mnist_article().objective
    assert isinstance(objective, NonSaturating) and objective.scores == "double_sigmoid"
    bounds = objective.bounds()
    assert bounds["generator"] == pytest.approx((0.3133, log(2)), abs=5e-5)
    assert bounds["discriminator"][0] == pytest.approx(1.0064, abs=5e-5)
    terms = [
        sum(float(value) for value in objective.discriminator_terms(torch.tensor([p]), torch.tensor([q])).values())
        for p, q in ((1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.0, 0.0))
    ]
    assert terms == pytest.approx([1.0064, 2.0064, 1.4482, 2 * log(2)], abs=5e-5)
    assert terms[1] == pytest.approx(log(2) + log(1 + e), abs=1e-6)


def test_decay_is_taken_of_two_layers_alone_and_begins_at_0_131(on_small_data: Callable[[Recipe], Recipe]) -> None:
    recipe = on_small_data(override(dcgan_mnist_article(), {"training.batch_size": "4"}))
    trainer = Trainer(recipe, recipe.data.open(), Engine(choose("cpu", "fp32", "off")))
    discriminator = trainer.networks["discriminator"]
    weights = dict(discriminator.named_parameters())
    squares = sum(float(weights[f"{layer}.weight"].detach().square().sum()) for layer in ("conv2", "conv3"))
    decay = float(trainer.step()["discriminator.decay"])
    assert decay == pytest.approx(0.001 * squares / 2, rel=1e-5)
    assert decay == pytest.approx(0.131, abs=0.001)


def test_each_update_draws_its_own_latents_uniformly() -> None:
    recipe = dcgan_mnist_article()
    assert [update.player for update in every_update(recipe.updates)] == ["discriminator", "generator"]
    assert all(update.draws is None for update in every_update(recipe.updates))
    latent = recipe.latent.draw(np.random.default_rng(0), 1000, (1, 28, 28))
    assert latent.shape == (1000, 100) and -1 <= latent.min() < -0.99 and 0.99 < latent.max() <= 1


def test_our_discriminators_couple_nothing_and_our_samples_are_averaged() -> None:
    for recipe in (dcgan_mnist(), dcgan_digits(), dcgan_folder()):
        _, discriminator = build_networks(recipe, nominal_data_spec(recipe)).values()
        assert not couples_samples(discriminator)
        assert recipe.training.average is not None
    assert dcgan_digits().conditional and dcgan_mnist().conditional and not dcgan_folder().conditional


def test_on_mnist_an_epoch_is_as_the_article_counts(mnist_dir: Path) -> None:
    recipe = dcgan_mnist_article()
    dataset = with_source(recipe.data, str(mnist_dir), "dcgan-mnist-article").open()
    trainer = Trainer(recipe, dataset, Engine(choose("cpu", "fp32", "off")))
    assert dataset.length == 30_000
    assert trainer.steps_for(30_000) == 300 and trainer.epoch_images == 30_000


def test_dcgan_digits_draws_the_asked_digit_in_many_ways() -> None:
    """After 400 steps a classifier trained apart reads what was asked, and a class is not one picture over and over."""
    recipe = dcgan_digits()
    trainer = Trainer(recipe, recipe.data.open(), Engine(choose("cpu", "fp32")))
    for _ in range(400):
        trainer.step()
    asked = np.arange(1_000) % 10
    fake = to_uint8(take(trainer.model().fakes(seed=0), 1_000), (-1.0, 1.0)).reshape(1_000, 64) / 255 * 16
    bunch: Any = load_digits()
    judge: Any = SVC(gamma=0.001)  # pyright: ignore[reportArgumentType]
    judge.fit(bunch.data, bunch.target)
    assert (judge.predict(fake) == asked).mean() >= 0.95
    assert spread(fake, asked) >= 0.5 * spread(bunch.data, bunch.target)


def spread(pixels: np.ndarray, classes: np.ndarray) -> float:
    """The mean standard deviation of a pixel within a class."""
    return float(np.mean([pixels[classes == number].std(axis=0).mean() for number in range(10)]))


def test_the_paper_s_weights_begin_at_n_0_002_whole() -> None:
    """Of 26 million normal draws some lie beyond four deviations; cut off at two, none would."""
    recipe = dcgan_64_paper()
    for network in build_networks(recipe, nominal_data_spec(recipe)).values():
        convolutions = [one.detach().flatten() for one in network.parameters() if one.dim() == 4]
        weights = torch.cat(convolutions)
        assert weights.std().item() == pytest.approx(0.02, rel=0.001) and weights.abs().max() > 0.08


def test_the_paper_s_batch_norms_begin_as_in_its_code() -> None:
    recipe = override(dcgan_64_paper(), {"generator.width": "32", "discriminator.width": "32"})
    norms = [
        part
        for network in build_networks(recipe, nominal_data_spec(recipe)).values()
        for part in network.modules()
        if isinstance(part, nn.BatchNorm2d)
    ]
    scales = torch.cat([part.weight.detach() for part in norms])
    assert len(scales) == 32 * (8 + 4 + 2 + 1 + 2 + 4 + 8) and {part.eps for part in norms} == {1e-8}
    assert scales.mean().item() == pytest.approx(1, abs=0.004) and scales.std().item() == pytest.approx(0.02, rel=0.1)


def test_the_paper_s_players_have_every_other_batch(on_small_data: Callable[[Recipe], Recipe]) -> None:
    recipe = dcgan_64_paper()
    assert [(update.player, update.real) for update in every_update(recipe.updates)] == [
        ("generator", "fresh"),
        ("discriminator", "fresh"),
    ]
    tiny = {"generator.width": "4", "discriminator.width": "4", "training.batch_size": "4"}
    recipe = on_small_data(override(recipe, tiny))
    trainer = Trainer(recipe, recipe.data.open(), Engine(choose("cpu", "fp32", "off")))
    trainer.step()
    assert trainer.clock.images == 8


def test_the_paper_s_players() -> None:
    recipe = dcgan_64_paper()
    data_spec = nominal_data_spec(recipe)
    with torch.device("meta"):
        generator, discriminator = build_networks(recipe, data_spec).values()
    assert data_spec.sample_shape == (3, 64, 64)
    chain = 25 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) + 512 + 256 + 128 + 3
    norms = 2 * (1024 + 512 + 256 + 128)
    assert count_parameters(generator) == 101 * 4 * 4 * 1024 + chain + norms
    chain = 25 * (3 * 128 + 128 * 256 + 256 * 512 + 512 * 1024) + 128 + 256 + 512 + 1024
    assert count_parameters(discriminator) == chain + 2 * (256 + 512 + 1024) + 4 * 4 * 1024 + 1
    players = (generator, discriminator)
    norms = [[part.num_features for part in one.modules() if isinstance(part, nn.BatchNorm2d)] for one in players]
    assert norms == [[1024, 512, 256, 128], [256, 512, 1024]]  # none at the pictures' end
    assert [part.negative_slope for part in discriminator.modules() if isinstance(part, nn.LeakyReLU)] == [0.2] * 4
