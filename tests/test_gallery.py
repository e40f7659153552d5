"""The gallery's page is what its script makes of the kept results."""

import json
import runpy
from pathlib import Path


ROOT = Path(__file__).parents[1]


def test_the_page_is_made_of_the_results() -> None:
    gallery = runpy.run_path(str(ROOT / "benchmarks" / "gallery.py"))
    kept = json.loads(gallery["KEPT"].read_text(encoding="utf-8"))
    assert gallery["page"](kept) == gallery["PAGE"].read_text(encoding="utf-8")
    pictures = {path.stem for path in gallery["PICTURES"].iterdir()}
    assert pictures == set(kept)


def test_a_run_says_what_share_of_its_recipe_it_is() -> None:
    length = runpy.run_path(str(ROOT / "benchmarks" / "gallery.py"))["length"]
    assert length(500, 500) == "500 steps"
    assert length(640, 60_000) == "640 steps, 1.1% of the recipe's 60,000"
    assert length(10_000, 500) == "10,000 steps, 20.0 times the recipe's 500"
