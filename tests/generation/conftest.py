"""Runs of untrained generators: their samples are made and written like any other's."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from honmono.data.base import DataSpec
from honmono.generation.load import TrainedRun
from honmono.generation.model import Model
from honmono.recipe.build import build_networks
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.runs.directory import RunDirectory


DIGITS = DataSpec((1, 8, 8), tuple("0123456789"))


def run_of(name: str, path: Path, data_spec: DataSpec, **changes: str) -> TrainedRun:
    """A run of an untrained generator."""
    recipe = override(find(name).make(), {**find(name).tiny, **changes})
    generator = build_networks(recipe, data_spec)["generator"]
    return TrainedRun(RunDirectory(path), Model(generator, recipe, data_spec), 0)


@pytest.fixture
def untrained() -> Callable[..., TrainedRun]:
    return run_of


@pytest.fixture
def digits(tmp_path: Path) -> TrainedRun:
    return run_of("dcgan-digits", tmp_path / "run", DIGITS)


@pytest.fixture
def points(tmp_path: Path) -> TrainedRun:
    return run_of("gan-grid", tmp_path / "run", DataSpec((2,), ()), **{"data.samples": "100"})


def stirred_run(name: str, path: Path, **changes: str) -> TrainedRun:
    """A run of a generator for a recipe's own data, with noise on its weights, left in training mode: all of its
    numbers are in use, while a batch norm would change nothing as it begins."""
    recipe = override(find(name).make(), changes)
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
def full_size(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., TrainedRun]:
    return lambda name, **changes: stirred_run(name, tmp_path_factory.mktemp("run"), **changes)


@pytest.fixture(scope="session")
def stirred(full_size: Callable[..., TrainedRun]) -> Callable[..., TrainedRun]:
    """The same with the few weights of the recipe's `tiny`."""
    return lambda name, **changes: full_size(name, **{**find(name).tiny, **changes})
