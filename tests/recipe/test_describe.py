"""What `honmono show` says of a recipe."""

import json
from pathlib import Path
from typing import Any

import pytest

from honmono.errors import Refused
from honmono.recipe.describe import describe_recipe, fields, nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.registry import entries, find


@pytest.mark.parametrize("name", sorted(entries()))
def test_every_recipe_is_described_in_strict_json(name: str) -> None:
    said = json.loads(json.dumps(describe_recipe(name), allow_nan=False))
    entry = find(name)
    assert said["name"] == name and said["source"] == entry.source and said["quirks"] == list(entry.quirks)
    assert all(count > 0 for count in said["parameters"].values())
    assert set(said["parameters"]) == {*entries()[name].make().networks}
    assert said["fields"]["training.steps"] == entry.make().training.steps


@pytest.mark.parametrize("name", sorted(entries()))
def test_every_field_that_is_shown_can_be_set(name: str) -> None:
    """Each line of `show` is a `--set`: the same text back changes nothing."""
    recipe = find(name).make()
    shown = fields(recipe)
    for path, value in shown.items():
        if value is None or isinstance(value, int | float | list):
            tuples = str(value).replace("[", "(").replace("]", ",)").replace("(,)", "()")
            assert fields(override(recipe, {path: tuples})) == shown, path


def test_parts_show_their_class_and_leaves_their_value() -> None:
    shown = fields(find("gan-grid").make())
    assert shown["data"] == "Grid" and shown["generator"] == "MLPGenerator" and shown["optimizers.generator"] == "Adam"
    assert shown["generator.widths"] == [128, 128, 128]
    assert shown["training.average"] is None and shown["objective.penalties"] == []
    assert "updates" not in shown and shown["updates.0"] == "Update"
    assert list(shown) == sorted(shown)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("gan-mnist-article", (1, 28, 28)),
        ("dcgan-mnist", (1, 28, 28)),
        ("dcgan-digits", (1, 8, 8)),
        ("dcgan-folder", (3, 64, 64)),
        ("gan-grid", (2,)),
        ("pacgan-grid", (2,)),
        ("pacgan-stacked-mnist", (3, 28, 28)),
    ],
)
def test_the_shape_that_a_recipe_was_written_for(name: str, shape: tuple[int, ...]) -> None:
    assert nominal_data_spec(find(name).make()).sample_shape == shape


def test_changes_are_described_and_counted() -> None:
    said = describe_recipe("gan-grid", {"generator.widths": "(8,)", "generator.batch_norm": "false"})
    assert said["fields"]["generator.widths"] == [8]
    assert said["parameters"]["generator"] == (4 * 8 + 8) + (8 * 2 + 2)
    with pytest.raises(Refused, match="DCGAN doubles a grid"):
        describe_recipe("dcgan-folder", {"data.size": "37"})


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(
        """
from dataclasses import dataclass, replace
from honmono.data.base import Data
from honmono.data.mixtures import Grid
from honmono.objectives.base import Objective
from honmono.recipe.registry import find

@dataclass(frozen=True)
class Still(Objective):
    def discriminator_loss(self, step): return {}
    def generator_loss(self, step): return {}
    def bounds(self): return {}

@dataclass(frozen=True)
class Points(Data):
    sigma: float = float("inf")
    def open(self): return Grid(side=2, samples=8).open()

def gan():
    return replace(find("gan-grid").make(), objective=Still(), data=Points())
"""
    )
    return file


def test_a_user_s_own_data_and_objective_are_described_too(mine: Path) -> None:
    said: dict[str, Any] = describe_recipe(f"{mine}:gan", {})
    assert said["fields"]["objective"] == "Still" and said["fields"]["data"] == "Points"
    assert said["sample_shape"] == [2]
    json.dumps(said, allow_nan=False)
