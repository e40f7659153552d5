"""benchmarks/against_articles.py and breakdown.py: a row for each way to train, and where the time of a step goes."""

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from honmono.benchmark import timing
from honmono.recipe.registry import find


BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return SimpleNamespace(**runpy.run_path(str(BENCHMARKS / "against_articles.py")))


@pytest.fixture
def breakdown() -> Any:
    return SimpleNamespace(**runpy.run_path(str(BENCHMARKS / "breakdown.py")))


def test_every_article_s_loop_has_its_recipe(script: Any) -> None:
    for name, article in script.ARTICLES.items():
        assert find(name).name == name and (BENCHMARKS / "articles" / f"{article.module}.py").is_file()
    loops = {path.stem for path in (BENCHMARKS / "articles").glob("*.py") if "\ndef loop(" in path.read_text("utf-8")}
    assert loops == {article.module for article in script.ARTICLES.values()}


def test_the_articles_loops_do_without_the_package() -> None:
    for path in (BENCHMARKS / "articles").glob("*.py"):
        assert "import honmono" not in path.read_text("utf-8") and "from honmono" not in path.read_text("utf-8")


def test_a_recipe_is_measured_against_its_article(script: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As registered, which is fp32, against both ways to read the data; the arithmetic is the same."""
    for name, value in {"BLOCK_SECONDS": 0.01, "ROUNDS": 1, "MATRIX": 64}.items():
        monkeypatch.setattr(timing, name, value)
    rows, parts = script.measure("wgan-grid-article", "cpu", False, tmp_path)
    assert [(row["precision"], row["compile"], row["article_data"]) for row in rows] == [
        ("fp32", "off", "memory"),
        ("fp32", "off", "article"),
    ]
    for row in rows:
        assert row["ratio"] == pytest.approx(row["article_ms_per_step"] / row["ms_per_step"], rel=0.01)
        assert row["gflop"] == pytest.approx(row["article_gflop"], rel=0.01) and row["gflop"] > 0
    assert set(parts) == {"ours", "article, data of memory", "article, data of article"}
    assert all(ms["matrix products"] > 0 and ms["optimizer"] > 0 for ms in parts.values())
    assert all(ms["convolution forward"] == 0 for ms in parts.values())


def test_the_parts_of_a_step(breakdown: Any) -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(72, 1))
    optimizer, pictures = torch.optim.Adam(network.parameters()), torch.rand(9, 1, 8, 8)

    def step() -> None:
        optimizer.zero_grad()
        network(pictures[torch.randperm(9)]).sum().backward()
        optimizer.step()

    spent = breakdown.breakdown(step, 2)
    assert set(spent) == set(breakdown.PARTS)
    assert all(milliseconds > 0 for milliseconds in spent.values())
