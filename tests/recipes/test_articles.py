"""What the five articles did, small things too: one row for each `-article` recipe, from the sources it names."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.optim import Adam

from honmono.data.mixtures import Grid
from honmono.data.pictures import Pictures
from honmono.devices import choose
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import WeightDecay
from honmono.objectives.realness import Realness
from honmono.objectives.wasserstein import Wasserstein
from honmono.recipe.latents import Normal, Uniform
from honmono.recipe.override import override
from honmono.recipe.registry import entries
from honmono.recipe.value import Recipe
from honmono.training.engine import Engine
from honmono.training.trainer import PLAYERS, Trainer


ARTICLES = tuple(name for name in entries() if name.endswith("-article"))


def made(name: str) -> Recipe:
    return entries()[name].make()


def test_every_article_has_its_recipes() -> None:
    assert set(ARTICLES) == set(STEPS) == set(OPTIMIZERS) == set(LATENTS) == set(OBJECTIVES) == set(PROGRAMS)
    assert set(PICTURES) == set(SAMPLES) == {name for name in ARTICLES if "grid" not in name}


# size, channels, range, flip, order, drop_last, limit, fit
PICTURES = {
    "realness-cifar10-article": (32, 3, (0.0, 1.0), True, "stored", True, None, "crop"),
    "gan-mnist-article": (28, 1, (-1.0, 1.0), False, "shuffled", False, None, "crop"),
    "pggan-mnist-article": (32, 1, (-1.0, 1.0), False, "shuffled", False, None, "resize"),
    "cgan-mnist-article": (28, 3, (-0.5, 0.5), False, "replacement", True, 54_999, "crop"),
    "dcgan-faces-article": (108, 3, (-128 / 255, 127 / 255), False, "replacement", True, None, "crop"),
    "dcgan-mnist-article": (28, 1, (-1.0, 1.0), False, "shuffled", True, 30_000, "crop"),
}


@pytest.mark.parametrize(("name", "facts"), PICTURES.items())
def test_pictures_become_samples_as_the_article_made_them(name: str, facts: tuple) -> None:
    data = made(name).data
    assert isinstance(data, Pictures)
    told = (data.size, data.channels, data.range, data.flip, data.order, data.drop_last, data.limit, data.fit)
    assert told == facts


@pytest.mark.parametrize("name", ["wgan-grid-article", "wgan-grid-noclip-article"])
def test_points_are_shuffled_in_each_epoch_and_what_fills_no_batch_is_dropped(name: str) -> None:
    data = made(name).data
    assert isinstance(data, Grid) and (data.samples, data.order, data.drop_last) == (100_000, "shuffled", True)


# steps, samples in a batch
STEPS = {
    "realness-cifar10-article": (1_000 * 390, 128),
    "gan-mnist-article": (50 * 938, 64),
    "pggan-mnist-article": (50 * 938, 64),
    "cgan-mnist-article": (2_100, 64),
    "dcgan-faces-article": (33_000, 64),
    "wgan-grid-article": (1_000 * 195, 512),
    "wgan-grid-noclip-article": (1_000 * 195, 512),
    "dcgan-mnist-article": (51 * 300, 100),
}


@pytest.mark.parametrize(("name", "facts"), STEPS.items())
def test_lengths_and_batches(name: str, facts: tuple[int, int]) -> None:
    training = made(name).training
    assert (training.steps, training.batch_size) == facts
    assert training.average is None and training.accumulate == 1  # nobody averaged weights


# of Adam: (learning rate, beta1, beta2) of the generator, then of the discriminator
OPTIMIZERS = {
    "realness-cifar10-article": ((1e-4, 0.0, 0.9), (1e-4, 0.0, 0.9)),
    "gan-mnist-article": ((2e-4, 0.5, 0.999), (2e-4, 0.5, 0.999)),
    "pggan-mnist-article": ((2e-4, 0.5, 0.999), (2e-4, 0.5, 0.999)),
    "cgan-mnist-article": ((2e-4, 0.5, 0.999), (2e-4, 0.5, 0.999)),
    "dcgan-faces-article": ((2e-4, 0.5, 0.999), (2e-4, 0.5, 0.999)),
    "wgan-grid-article": ((1e-4, 0.5, 0.999), (1e-4, 0.5, 0.999)),
    "wgan-grid-noclip-article": ((1e-4, 0.5, 0.999), (1e-4, 0.5, 0.999)),
    "dcgan-mnist-article": ((2e-4, 0.5, 0.999), (2e-4, 0.1, 0.999)),
}


@pytest.mark.parametrize(("name", "facts"), OPTIMIZERS.items())
def test_optimizers(name: str, facts: tuple) -> None:
    recipe = made(name)
    for player, expected in zip(PLAYERS, facts, strict=True):
        adam = recipe.optimizers.of(player)
        assert adam.func is Adam and (adam.keywords["lr"], *adam.keywords["betas"]) == expected
        assert adam.keywords["eps"] == 1e-8 and adam.keywords["weight_decay"] == 0


LATENTS = {
    "realness-cifar10-article": Normal(100),
    "gan-mnist-article": Normal(100),
    "pggan-mnist-article": Normal(100),
    "cgan-mnist-article": Uniform(100, -1.0, 1.0),
    "dcgan-faces-article": Uniform(100, -1.0, 1.0),
    "wgan-grid-article": Uniform(4, -1.0, 1.0),
    "wgan-grid-noclip-article": Uniform(4, -1.0, 1.0),
    "dcgan-mnist-article": Uniform(100, -1.0, 1.0),
}
OBJECTIVES = {
    "realness-cifar10-article": Realness(together=True),
    "gan-mnist-article": NonSaturating(scores="probabilities", together=True),
    "pggan-mnist-article": NonSaturating(scores="probabilities"),
    "cgan-mnist-article": NonSaturating(),
    "dcgan-faces-article": NonSaturating(),
    "wgan-grid-article": Wasserstein(real_scores="low", factor=0.5, together=True),
    "wgan-grid-noclip-article": Wasserstein(real_scores="low", factor=0.5, together=True),
    "dcgan-mnist-article": NonSaturating(
        scores="double_sigmoid", together=True, penalties=(WeightDecay(("conv2", "conv3"), 0.001),)
    ),
}


@pytest.mark.parametrize("name", ARTICLES)
def test_latents_and_losses(name: str) -> None:
    recipe = made(name)
    assert recipe.latent == LATENTS[name] and recipe.objective == OBJECTIVES[name]


# Two steps: whose update it is, on which reals (x) and which latents (z), numbered as they come.
PROGRAMS = {
    "realness-cifar10-article": "D x1 z1, G x1 z2, D x2 z3, G x2 z4",
    "gan-mnist-article": "D x1 z1, G x1 z1, D x2 z2, G x2 z2",
    "pggan-mnist-article": "D x1 z1, G x1 z1, D x2 z2, G x2 z2",
    "cgan-mnist-article": "G x1 z1, G x1 z1, D x1 z1, G x2 z2, G x2 z2, D x2 z2",
    "dcgan-faces-article": "G x1 z1, G x1 z1, D x1 z1, G x2 z2, G x2 z2, D x2 z2",
    "wgan-grid-article": "D x1 z1, G x1 z2, D x2 z3, G x2 z4",
    "wgan-grid-noclip-article": "D x1 z1, G x1 z2, D x2 z3, G x2 z4",
    "dcgan-mnist-article": "D x1 z1, G x1 z2, D x2 z3, G x2 z4",
}


@pytest.mark.parametrize(("name", "program"), PROGRAMS.items())
def test_which_update_comes_first_and_on_which_draws(
    name: str, program: str, on_small_data: Callable[[Recipe], Recipe], observed: Callable
) -> None:
    tiny = dict(entries()[name].tiny) | {"updates.0.count": str(made(name).updates[0].count)}  # type: ignore[union-attr]
    recipe, steps = observed(on_small_data(override(made(name), tiny)))
    trainer = Trainer(recipe, recipe.data.open(), ENGINE)
    for _ in range(2):
        trainer.step()
    reals, latents = list[Tensor](), list[Tensor]()
    order = [
        f"{player[0].upper()} x{number_of(step.batch.real, reals)} z{number_of(step.draws.latent, latents)}"
        for player, step in steps
    ]
    assert ", ".join(order) == program
    assert trainer.clock.images == sum(len(real) for real in reals)


ENGINE = Engine(choose("cpu", "fp32", "off"))


def number_of(tensor: Tensor, known: list[Tensor]) -> int:
    """The tensor's place among the known ones, from 1; a new one is added to them."""
    same = [place for place, other in enumerate(known, start=1) if torch.equal(tensor, other)]
    if not same:
        known.append(tensor.clone())
    return same[0] if same else len(known)


# How batch norm acts when pictures are made, and how many there are in a picture's columns and rows
SAMPLES = {
    "realness-cifar10-article": ("running", [(None, 8)]),  # has no batch norm
    "gan-mnist-article": ("running", [(4, 4)]),  # nor has this
    "pggan-mnist-article": ("batch", [(4, 4)]),
    "cgan-mnist-article": ("running", [(8, 8), (8, 8)]),
    "dcgan-faces-article": ("batch", [(8, 8)]),
    "dcgan-mnist-article": ("identity", [(None, 8)]),
}


@pytest.mark.parametrize(("name", "facts"), SAMPLES.items())
def test_how_pictures_are_made(name: str, facts: tuple) -> None:
    recipe = made(name)
    assert (recipe.sampling, [(grid.columns, grid.rows) for grid in recipe.grids]) == facts
