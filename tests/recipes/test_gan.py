"""Facts of the article's MLP GAN and of the grid's, from the sources that the recipes name."""

from pathlib import Path

import pytest
import torch

from honmono.data.batches import SampleOrder
from honmono.data.choose import with_source
from honmono.devices import choose
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe.build import build_networks, count_parameters
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.value import Recipe
from honmono.recipes.gan import gan_grid, gan_mnist_article
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


def parameters(recipe: Recipe) -> tuple[int, int]:
    generator, discriminator = build_networks(recipe, nominal_data_spec(recipe)).values()
    return count_parameters(generator), count_parameters(discriminator)


def order(recipe: Recipe, length: int) -> SampleOrder:
    data, training = recipe.data, recipe.training
    return SampleOrder(
        length, order=data.order, drop_last=data.drop_last, batch_size=training.batch_size, seed=training.seed
    )


def test_the_article_s_networks() -> None:
    assert parameters(gan_mnist_article()) == (1_486_352, 1_329_153)
    generator, discriminator = build_networks(gan_mnist_article(), nominal_data_spec(gan_mnist_article())).values()
    fake = generator(torch.randn(3, 100))
    assert fake.shape == (3, 1, 28, 28) and fake.abs().max() <= 1
    probability = discriminator(fake)
    assert probability.shape == (3,) and ((0 < probability) & (probability < 1)).all()


def test_the_article_s_epoch_is_938_batches_and_the_last_holds_32() -> None:
    recipe = gan_mnist_article()
    mnist = order(recipe, 60_000)
    assert mnist.epoch_length == 60_000
    assert [mnist.size_at(images) for images in (0, 936 * 64, 937 * 64, 60_000)] == [64, 64, 32, 64]
    assert recipe.training.steps == 50 * 938


def test_the_article_s_loss_is_bce_on_probabilities() -> None:
    objective = gan_mnist_article().objective
    assert isinstance(objective, NonSaturating) and objective.scores == "probabilities"
    real, fake = torch.tensor([0.9, 0.4]), torch.tensor([0.2, 0.7])
    bce = torch.nn.BCELoss()
    losses = objective.discriminator_terms(real, fake)
    torch.testing.assert_close(losses["real"], bce(real, torch.ones(2)))
    torch.testing.assert_close(losses["fake"], bce(fake, torch.zeros(2)))
    torch.testing.assert_close(objective.generator_terms(fake)["fake"], bce(fake, torch.ones(2)))


def test_on_mnist_an_epoch_is_as_the_article_counts(mnist_dir: Path) -> None:
    recipe = gan_mnist_article()
    data = with_source(recipe.data, str(mnist_dir), "gan-mnist-article")
    dataset = data.open()
    trainer = Trainer(recipe, dataset, Engine(choose("cpu", "fp32", "off")))
    assert dataset.length == 60_000 and dataset.sample_shape == (1, 28, 28) and len(dataset.classes) == 10
    assert [trainer.steps_for(epochs * 60_000) for epochs in (1, 50)] == [938, 46_900]
    real = next(trainer.reals()).real
    assert real.shape == (64, 1, 28, 28) and (real.min(), real.max()) == (-1, 1)
    losses = trainer.step()  # BCELoss of an undecided discriminator is ln 2, as both its outputs are near 0.5
    assert all(abs(float(loss) - 0.693) < 0.05 for loss in losses.values())
    assert trainer.clock.images == 64


@pytest.mark.parametrize("samples", [100_000, 400])
def test_the_grid_is_five_by_five_with_equal_modes(samples: int) -> None:
    recipe = gan_grid()
    means = recipe.data.means()  # type: ignore[attr-defined]
    assert sorted({x for x, _ in means}) == sorted({y for _, y in means}) == [-4, -2, 0, 2, 4]
    points = recipe.data.open().gather(torch.arange(samples).numpy(), None).real  # type: ignore[arg-type]
    nearest = (points[:, None] - torch.tensor(means)[None]).norm(dim=2).min(dim=1)
    assert (nearest.indices.bincount(minlength=25) == samples // 25).all()
    assert nearest.values.max() < 6 * 0.05
    assert recipe.training.precision == "fp32"
