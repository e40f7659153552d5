"""Runs of untrained generators: their samples are made and written like any other's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from honmono.data.base import DataSpec
from honmono.generation.load import TrainedRun
from honmono.generation.model import Model
from honmono.recipe.build import build_networks
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
