"""The gallery's page is what its script makes of the kept results."""

import json
import runpy
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from honmono.recipe.registry import find
from honmono.runs.images import grid


ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The script imports what lies beside it."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


def test_the_page_is_made_of_the_results() -> None:
    gallery = runpy.run_path(str(ROOT / "benchmarks" / "gallery.py"))
    kept = json.loads(gallery["KEPT"].read_text(encoding="utf-8"))
    assert gallery["page"](kept) == gallery["PAGE"].read_text(encoding="utf-8")
    pictures = {path.name for path in gallery["PICTURES"].iterdir()}
    assert pictures == {file for run in kept.values() for file in run["pictures"]}


def test_a_grid_is_cut_between_its_samples() -> None:
    cut = runpy.run_path(str(ROOT / "benchmarks" / "gallery.py"))["whole_cells"]
    for shape, columns, size in [
        ((64, 1, 28, 28), 8, (690, 690)),  # whole: 3 x 28 + 2 pixels a cell
        ((64, 3, 256, 256), 8, (518, 518)),  # two of 258 in each direction
        ((2, 3, 1024, 1024), 2, (1028, 1028)),  # one at least
    ]:
        assert cut(grid(np.zeros(shape, np.uint8), columns), shape[-1]).size == size


def test_data_are_named_without_the_place_where_they_lie() -> None:
    named = runpy.run_path(str(ROOT / "benchmarks" / "gallery.py"))["named"]
    assert named("/data/of/mine/pictures.tar.gz@train") == "pictures.tar.gz@train"
    assert named("stacked-mnist:/data/mnist") == "stacked-mnist:mnist"
    assert named("hf:ylecun/mnist") == "hf:ylecun/mnist"
    assert named("ring") == "ring" and named(None) is None


def test_a_run_says_what_share_of_its_recipe_it_is() -> None:
    length = runpy.run_path(str(ROOT / "benchmarks" / "gallery.py"))["length"]
    assert length(500, 500) == "500 steps"
    assert length(640, 60_000) == "640 steps, 1.1% of the recipe's 60,000"
    assert length(10_000, 500) == "10,000 steps, 20.0 times the recipe's 500"


def wrong(
    recipe: str, numbers: Mapping[str, float], steps: float = 1.0, others: Mapping[str, Any] = MappingProxyType({})
) -> str:
    """What the page says of a run with these numbers, of so many of the recipe's steps."""
    faults = runpy.run_path(str(ROOT / "benchmarks" / "faults.py"))["faults"]
    value = find(recipe).make()
    run = {"step": round(steps * value.training.steps), "data": "mnist", "metrics": numbers}
    return " ".join(faults(recipe, value, {recipe: run, **others}))


def test_a_run_of_which_the_numbers_say_nothing_wrong_has_no_sentence() -> None:
    good = {"precision[mnist]": 0.9, "recall[mnist]": 0.85, "coverage[mnist]": 0.9, "label_fidelity[mnist]": 0.99}
    assert wrong("cgan-mnist", good | {"fid[mnist]": 0.04, "variety[mnist]": 0.9}) == ""
    assert wrong("gan-grid", {"modes": 25.0, "high_quality": 0.96, "reverse_kl": 0.01}) == ""


@pytest.mark.parametrize(
    ("recipe", "numbers", "said"),
    [
        (
            "cgan-mnist-paper",
            {"precision[mnist]": 1.0, "recall[mnist]": 0.0, "coverage[mnist]": 0.0057, "label_fidelity[mnist]": 1.0},
            "Each class is nearly one picture: recall 0, coverage 0.0057.",
        ),
        (
            "gan-mnist-article",
            {"precision[mnist]": 0.9, "recall[mnist]": 0.0},
            "It draws nearly one picture: recall 0.",
        ),
        (
            "dcgan-mnist",
            {"recall[mnist]": 0.8, "variety[mnist]": 0.5, "variety_pixels[mnist]": 0.1},
            "At least one class is nearly one picture: recall 0.8, variety_pixels 0.1.",
        ),
        (
            "gan-mnist-article",
            {"precision[mnist]": 0.02, "recall[mnist]": 0.0, "coverage[mnist]": 0.01},
            "Much of the data is never generated: recall 0, coverage 0.01. 98% of the pictures do not look"
            " like the data: precision 0.02.",
        ),
        (
            "dcgan-mnist",
            {"fid[mnist]": 0.1, "label_fidelity[mnist]": 0.9},
            "10.0% of the pictures are classified as another class than their label.",
        ),
        ("cgan-mnist-article", {"label_fidelity[mnist]": 0.98}, "Unknown: its variety was not measured."),
        ("gan-grid", {"modes": 23.0}, "2 of 25 modes are never drawn."),
    ],
)
def test_the_numbers_become_plain_sentences(recipe: str, numbers: dict[str, float], said: str) -> None:
    assert wrong(recipe, numbers) == said
    assert wrong(recipe, numbers, steps=0.05) == f"This is a beginning: 5% of the recipe's steps. {said}"


def test_a_distance_is_held_against_the_nearest_run_on_the_same_data() -> None:
    near = {"step": 1, "data": "mnist", "metrics": {"fid[mnist]": 0.1}}
    assert "fid[mnist] 0.6, 0.1 in near" in wrong("dcgan-mnist", {"fid[mnist]": 0.6}, others={"near": near})
    assert wrong("dcgan-mnist", {"fid[mnist]": 0.4}, others={"near": near}) == ""
    elsewhere = near | {"data": "digits"}
    assert wrong("dcgan-mnist", {"fid[mnist]": 0.6}, others={"near": elsewhere}) == ""


def test_the_collapsed_run_of_the_page_carries_its_sentence() -> None:
    page = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    section = page.partition("## cgan-mnist-paper\n")[2].partition("\n## ")[0]
    assert "**What is wrong:**" in section and "nearly one picture: recall 0" in section
