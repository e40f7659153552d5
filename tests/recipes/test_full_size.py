"""Recipes too large to be trained on a CPU: their networks at full size make a step there."""

from dataclasses import replace

import pytest
import torch

from honmono.benchmark.timing import Noise
from honmono.devices import choose
from honmono.objectives.base import PLAYERS
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


HUGE = pytest.mark.huge  # 9 GiB and more at once, and minutes


@pytest.mark.parametrize(
    ("name", "size"),
    [
        pytest.param("coulomb-cifar10-paper", None, marks=pytest.mark.slow),
        pytest.param("dcgan-64-paper", None, marks=pytest.mark.slow),
        pytest.param("dcgan-faces-article", None, marks=pytest.mark.slow),
        pytest.param("pacgan-stacked-mnist", None, marks=pytest.mark.slow),
        pytest.param("pggan-cifar10", None, marks=pytest.mark.slow),
        pytest.param("pggan-folder", 1024, marks=HUGE),
        pytest.param("realness-celeba256-paper", None, marks=pytest.mark.slow),
        pytest.param("realness-cifar10-paper", None, marks=pytest.mark.slow),
        pytest.param("realness-ffhq1024-paper", None, marks=HUGE),
    ],
)
def test_a_step_at_full_size_moves_every_weight_by_finite_numbers(name: str, size: int | None) -> None:
    recipe = find(name).make()
    recipe = override(recipe, {"data.size": str(size)}) if size else recipe
    training = replace(recipe.training, batch_size=2 * recipe.objective.pack, average=None)  # no third network
    recipe = replace(recipe, growth=None, training=training)
    trainer = Trainer(recipe, Noise(nominal_data_spec(recipe)), Engine(choose("cpu", "fp32", "off")))
    before = {player: [p.sum().item() for p in trainer.networks[player].parameters()] for player in PLAYERS}
    losses = trainer.step()
    assert all(loss.isfinite() for loss in losses.values())
    for player in PLAYERS:
        weights = list(trainer.networks[player].parameters())
        assert all(torch.isfinite(weight).all() for weight in weights)
        moved = [weight.sum().item() != was for weight, was in zip(weights, before[player], strict=True)]
        assert sum(moved) > len(moved) / 2
