"""What a new run takes: what is given first, then what `honmono tune` found, then the rules."""

from dataclasses import replace
from pathlib import Path

import pytest

import honmono
from honmono.devices import Choices, choose
from honmono.recipe import Recipe
from honmono.recipe.record import read_choices
from honmono.runs.directory import RunDirectory
from honmono.training.choices import choices_for, read_tuning, tuning_file, write_tuning
from honmono.training.options import TrainOptions


OPTIONS = TrainOptions(device="cpu")


@pytest.fixture
def found(points: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Choices:
    """A result of tuning, in a cache of its own."""
    monkeypatch.setenv("HONMONO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    best = Choices("cpu", "fp32", "step", 1, 1, "channels-last")
    write_tuning(points, best, best, 1.5)
    return best


def test_a_tuning_is_taken_where_nothing_else_is_given(points: Recipe, found: Choices) -> None:
    chosen, lines = choices_for(points, OPTIONS)
    assert chosen == found and len(lines) == 1 and "--no-tune" in lines[0]
    assert choices_for(points, replace(OPTIONS, tune=False)) == (choose("cpu", recipe_precision="fp32"), [])
    given = replace(OPTIONS, precision="fp64", compile="off", layout="contiguous")
    assert choices_for(points, given)[0] == Choices("cpu", "fp64", "off", 1, 1, "contiguous")


def test_it_belongs_to_the_shapes_of_a_recipe(points: Recipe, found: Choices) -> None:
    longer = replace(points, training=replace(points.training, steps=99, seed=5), metrics=())
    assert read_tuning(longer, found) == read_tuning(points, found)
    larger = replace(points, training=replace(points.training, batch_size=17))
    assert read_tuning(larger, found) is None
    assert read_tuning(points, replace(found, device="cuda")) is None


def test_a_damaged_file_is_as_none(points: Recipe, found: Choices) -> None:
    tuning_file().write_text("{")
    assert choices_for(points, OPTIONS)[1] == []
    write_tuning(points, found, found, 1.5)
    assert choices_for(points, OPTIONS)[0] == found


def test_a_run_records_what_it_took_and_a_resume_repeats_it(points: Recipe, found: Choices, tmp_path: Path) -> None:
    best = replace(found, compile="off")
    write_tuning(points, best, best, 1.5)
    run = honmono.train(points, run=tmp_path / "run", steps=1, device="cpu").run
    tuning_file().unlink()
    honmono.train(points, run=tmp_path / "run", steps=2, device="cpu")
    assert read_choices(RunDirectory(run.path)) == best
    assert "channels-last" in run.environment_json.read_text().partition("resumed")[2]
