"""Runs of generators whose numbers are all in use: as they begin, a batch norm would change nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from honmono.generation.load import TrainedRun
from honmono.generation.model import Model
from honmono.recipe.build import build_networks
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.runs.directory import RunDirectory


def stirred_run(name: str, path: Path, **changes: str) -> TrainedRun:
    """A run of a tiny generator for a recipe's own data, with noise on its weights, left in training mode."""
    recipe = override(find(name).make(), {**find(name).tiny, **changes})
    if recipe.conditional == "auto":
        recipe = replace(recipe, conditional=True)
    data_spec = nominal_data_spec(recipe)
    generator = build_networks(recipe, data_spec)["generator"]
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name_of, value in (*generator.named_parameters(), *generator.named_buffers()):
            if name_of.endswith("running_var"):
                value.uniform_(0.5, 1.5, generator=random)
            elif value.is_floating_point():
                value.add_(torch.randn(value.shape, generator=random), alpha=0.05)
    model = Model(generator.train(), recipe, data_spec)
    return TrainedRun(RunDirectory(path), model, 7, 56, name)


@pytest.fixture(scope="session")
def stirred(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., TrainedRun]:
    return lambda name, **changes: stirred_run(name, tmp_path_factory.mktemp("run"), **changes)
