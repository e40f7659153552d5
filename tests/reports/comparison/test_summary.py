"""What a run directory tells: names that tell runs apart, cost up to a step, hardware, dotted fields."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honmono.errors import Refused
from honmono.reports.comparison.summary import Cost, read


Maker = Callable[..., Any]


def test_names_are_as_short_as_tells_them_apart(make: Maker, tmp_path: Path) -> None:
    for name in ("x/1-gan", "y/1-gan", "y/2-gan"):
        make(name)
    found = read([tmp_path / "x/1-gan", tmp_path / "y/1-gan", tmp_path / "y/2-gan"])
    assert [run.name for run in found] == ["x/1-gan", "y/1-gan", "2-gan"]


def test_a_run_named_twice_is_there_once(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("a")
    monkeypatch.chdir(tmp_path)
    assert [run.name for run in read([Path("a"), tmp_path / "a", Path("a/../a")])] == ["a"]


def test_cost_is_that_of_training_up_to_a_step(make: Maker) -> None:
    run = read([make("a").path])[0]
    assert run.cost(20) == run.cost(999) == Cost(200, 2.0) and run.cost(20).images_per_second == 100.0
    assert run.cost(19) == Cost(100, 1.0)
    assert run.cost(0) == Cost(None, None) and run.cost(0).images_per_second is None


def test_hardware_is_that_of_all_sessions(make: Maker) -> None:
    resumed = {"engine": {"device": "cuda:0", "precision": "bf16", "processes": 4}, "devices": ["H200"], "command": "b"}
    run = read([make("a", resumed=[resumed]).path])[0]
    assert run.hardware == "A processor, 1 of 2 cores; 4 x H200"
    assert (run.device, run.precision) == ("cpu, cuda:0", "fp32, bf16")
    assert run.commands == ["honmono train gan-grid", "b"] and run.data == "da7a"


@pytest.mark.parametrize("text", ["", "[]", "3", '{"resumed": 4}'])
def test_a_lost_environment_leaves_gaps(make: Maker, text: str) -> None:
    made = make("a")
    made.environment_json.write_text(text)
    run = read([made.path])[0]
    assert run.hardware == run.device == "" and run.commands == [] and run.planned == 20
    made.environment_json.unlink()
    assert read([made.path])[0].data is None


@pytest.mark.parametrize("text", ["", "{}", "[1]", "3"])
def test_a_recipe_of_nobody_is_refused(make: Maker, text: str) -> None:
    made = make("a")
    made.recipe_json.write_text(text)
    with pytest.raises(Refused, match="was not written by honmono"):
        read([made.path])
