"""The best checkpoint of a training: by which number it is chosen, and that it stays."""

from collections.abc import Callable
from pathlib import Path

import pytest

from honmono.errors import Refused
from honmono.metrics.base import Metric
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.neighbours import Neighbours
from honmono.plots.run import plot
from honmono.runs import measurements
from honmono.runs.directory import RunDirectory
from honmono.training.measuring import best_by


Train = Callable[..., RunDirectory]
Script = Callable[..., Metric]
MODES = ModeCoverage(fakes=50)


@pytest.mark.parametrize(
    ("values", "best", "there"),
    [
        ((1.0, 5.0, 2.0, 3.0, 4.0), 7, [7, 16]),
        ((1.0, 5.0, 2.0, 6.0, 4.0), 13, [13, 16]),  # a better one came: the old best went
        ((1.0, 2.0, 3.0, 4.0, 5.0), 16, [16]),
        ((5.0, float("nan"), 3.0, 4.0, 5.0), 16, [16]),  # as good, and trained longer
    ],
)
def test_the_best_checkpoint_stays(
    train: Train, scripted: Script, values: tuple[float, ...], best: int, there: list[int]
) -> None:
    run = train(metrics=[scripted(*values)], keep=1)
    assert measurements.best(run) == best
    assert run.checkpoint_steps() == there
    told = [line["metrics"].get("scripted[mnist]") for line in measurements.read(run)]
    assert told == [None if value != value else value for value in values]


def test_the_best_is_chosen_by_the_key_that_was_asked_for(train: Train, scripted: Script) -> None:
    run = train(metrics=(MODES, scripted(1.0, 5.0, 2.0, 3.0, 4.0)), keep=1, best="scripted[mnist].part")
    assert measurements.read(run)[-1]["best_by"] == {"scripted[mnist].part": "higher", "scripted[mnist]": "higher"}
    assert measurements.best(run) == 4 and run.checkpoint_steps() == [4, 16]


def test_a_best_whose_checkpoint_is_gone_breaks_nothing(train: Train, scripted: Script) -> None:
    metrics = [scripted(1.0, 5.0, 2.0, 3.0, 0.0, 0.5, 0.5, 0.5, 0.5)]
    run = train(metrics=metrics, keep=2, steps=15)
    assert measurements.best(run) == 7
    run.checkpoint(7).rename(run.path / "gone")
    assert measurements.best(run) == 13
    train(metrics=metrics, keep=2, steps=24)
    assert measurements.best(run) == 13 and run.checkpoint_steps() == [13, 22, 24]


def test_a_key_that_is_not_measured_is_refused_before_anything_is_there(train: Train, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="training.best is mods, which is not measured; did you mean 'modes'"):
        train(best="mods")
    with pytest.raises(Refused, match="none: the recipe has no metrics"):
        train(best="modes", metrics=())
    assert not (tmp_path / "run").exists()


def test_the_best_stays_where_nothing_is_measured_any_more(train: Train) -> None:
    run = train(steps=9, keep=1)
    best = measurements.best(run)
    train(metrics=(), steps=16, keep=1)
    assert measurements.best(run) == best and run.checkpoint_steps() == [best, 16]


def test_the_keys_that_decide(scripted: Script) -> None:
    modes, other = ModeCoverage(), scripted()
    assert best_by(None, ()) == {}
    assert list(best_by(None, (modes, other))) == ["modes", "high_quality", "reverse_kl"]
    assert list(best_by(None, (other, modes))) == ["scripted[mnist]"]
    assert list(best_by("reverse_kl", (other, modes))) == ["reverse_kl", "modes", "high_quality"]


def test_no_checkpoint_is_best_by_a_number_of_which_neither_more_nor_less_is(train: Train, scripted: Script) -> None:
    neither, modes = scripted(1.0, 5.0, 2.0, 3.0, 4.0, better="neither"), ModeCoverage()
    assert best_by(None, (neither,)) == {} and list(best_by(None, (neither, modes)))[0] == "modes"
    neighbours = Neighbours(features="mnist")
    told = "neighbour_distance.*, of which neither more nor less is better .keys: modes, high_quality, reverse_kl"
    with pytest.raises(Refused, match=told):
        best_by("neighbour_distance[mnist]", (neighbours, modes))
    with pytest.raises(Refused, match="none: the recipe has no such metrics"):
        best_by("neighbour_distance[mnist]", (neighbours,))
    run = train(metrics=[neither], keep=1)
    assert run.checkpoint_steps() == [16] and measurements.best(run) is None
    lines = measurements.of_training(run)
    assert len(lines) == 5 and [line["best_by"] for line in lines] == [{}] * 5
    assert plot(run.path, run.path / "plots")[1].name == "metrics.png"
