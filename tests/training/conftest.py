"""Trainers for tests: small, on the CPU."""

from collections.abc import Callable

import pytest

from honmono.override import override
from honmono.recipe import Recipe
from honmono.registry import find
from honmono.training.engine import Engine, choose
from honmono.training.trainer import Trainer


@pytest.fixture
def points() -> Recipe:
    """A GAN of small multilayer perceptrons on 44 points in the plane, 16 in a batch."""
    entry = find("gan-grid")
    return override(entry.make(), {**entry.tiny, "data.samples": "44"})


@pytest.fixture(scope="session")
def in_training() -> Callable[..., Trainer]:
    """A recipe's trainer: `in_training(recipe, precision="fp64")`."""

    def build(recipe: Recipe, precision: str = "fp32") -> Trainer:
        return Trainer(recipe, recipe.data.open(), Engine(choose("cpu", precision, "off")))

    return build
