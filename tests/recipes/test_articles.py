"""The update program of each `-article` recipe as its source has it, observed over two steps of training."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from honmono.devices import choose
from honmono.recipe.override import override
from honmono.recipe.registry import entries
from honmono.recipe.value import Recipe
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


ARTICLES = tuple(name for name in entries() if name.endswith("-article"))


def made(name: str) -> Recipe:
    return entries()[name].make()


def test_every_article_has_its_program() -> None:
    assert set(ARTICLES) == set(PROGRAMS)


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
