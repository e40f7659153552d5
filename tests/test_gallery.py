"""The gallery's page is what its script makes of the kept results."""

import json
import runpy
from pathlib import Path

import numpy as np

from honmono.runs.grids import grid


ROOT = Path(__file__).parents[1]


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
