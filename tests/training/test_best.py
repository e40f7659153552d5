"""The best checkpoint of a training: by which number it is chosen, and that it stays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import honmono
from honmono.errors import Refused
from honmono.generation.load import load
from honmono.metrics.base import Metric
from honmono.metrics.fid import FID
from honmono.metrics.inception_score import InceptionScore
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.nearest_class import NearestClass
from honmono.metrics.neighbours import Neighbours
from honmono.metrics.prdc import PRDC
from honmono.metrics.variety import COLLAPSED, Variety
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe
from honmono.reports.figures.run import plot
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.training.periodic_evaluation import PeriodicEvaluation, best_by


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
    assert evaluations.best(run) == best
    assert run.checkpoint_steps() == there
    told = [line["metrics"].get("scripted[mnist]") for line in evaluations.read(run)]
    assert told == [None if value != value else value for value in values]


def test_the_best_is_chosen_by_the_key_that_was_asked_for(train: Train, scripted: Script) -> None:
    run = train(metrics=(MODES, scripted(1.0, 5.0, 2.0, 3.0, 4.0)), keep=1, best="scripted[mnist].part")
    assert evaluations.read(run)[-1]["best_by"] == {"scripted[mnist].part": "higher", "scripted[mnist]": "higher"}
    assert evaluations.best(run) == 4 and run.checkpoint_steps() == [4, 16]


def test_a_best_whose_checkpoint_is_gone_breaks_nothing(train: Train, scripted: Script) -> None:
    metrics = [scripted(1.0, 5.0, 2.0, 3.0, 0.0, 0.5, 0.5, 0.5, 0.5)]
    run = train(metrics=metrics, keep=2, steps=15)
    assert evaluations.best(run) == 7
    run.checkpoint(7).rename(run.path / "gone")
    assert evaluations.best(run) == 13
    train(metrics=metrics, keep=2, steps=24)
    assert evaluations.best(run) == 13 and run.checkpoint_steps() == [13, 22, 24]


def test_a_key_that_is_not_measured_is_refused_before_anything_is_there(train: Train, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="training.best is mods, which is not measured; did you mean 'modes'"):
        train(best="mods")
    with pytest.raises(Refused, match="none: the recipe has no metrics"):
        train(best="modes", metrics=())
    assert not (tmp_path / "run").exists()


def test_the_best_stays_where_nothing_is_measured_any_more(train: Train) -> None:
    run = train(steps=9, keep=1)
    best = evaluations.best(run)
    train(metrics=(), steps=16, keep=1)
    assert evaluations.best(run) == best and run.checkpoint_steps() == [best, 16]


def test_the_keys_that_decide(scripted: Script) -> None:
    modes, other = ModeCoverage(), scripted()
    assert best_by(None, ()) == {}
    assert list(best_by(None, (modes, other))) == ["modes", "high_quality", "reverse_kl"]
    assert list(best_by(None, (other, modes))) == ["scripted[mnist]"]
    assert list(best_by("reverse_kl", (other, modes))) == ["reverse_kl", "modes", "high_quality"]


def test_a_number_that_does_not_see_variety_decides_only_where_nothing_else_can() -> None:
    labels, variety, fid = LabelFidelity(features="mnist"), Variety(features="mnist"), FID(features="mnist")
    prdc_others = ("precision", "recall", "density")
    prdc, score = PRDC(features="mnist"), InceptionScore(features="mnist")
    assert list(best_by(None, (labels, score, variety, fid, prdc))) == ["fid[mnist]"]
    assert list(best_by(None, (labels, prdc))) == [f"{key}[mnist]" for key in ("coverage", *prdc_others)]
    assert list(best_by("recall[mnist]", (labels, prdc)))[0] == "recall[mnist]"
    assert list(best_by(None, (NearestClass(features="mnist"), variety))) == ["nearest_class[mnist]"]
    assert list(best_by("label_fidelity[mnist]", (labels, fid))) == ["label_fidelity[mnist]"]


def marked(run: RunDirectory, warned: dict[int, list[str]]) -> None:
    """Adds warnings to the lines of these steps, as a training that had them in force."""
    lines = evaluations.read(run)
    evaluations.truncate(run, -1)
    for line in lines:
        kinds = warned.get(line["step"])
        evaluations.append(run, line | ({"warnings": kinds} if kinds else {}))


def test_a_checkpoint_that_a_warning_concerns_is_never_the_best(train: Train, scripted: Script) -> None:
    run = train(metrics=[scripted(1.0, 5.0, 2.0, 3.0, 4.0)], keep=0)
    marked(run, {7: ["collapse"], 16: ["discriminator_won"]})
    assert evaluations.best(run) == 13
    marked(run, {step: ["collapse"] for step in (4, 7, 10, 13, 16)})
    assert evaluations.best(run) is None


def test_where_a_warning_concerns_all_there_is_no_best_and_the_newest_alone_stay(train: Train) -> None:
    run = train(keep=0)
    marked(run, {step: ["collapse"] for step in (4, 7, 10, 13)} | {16: ["memorised", "collapse"]})
    assert evaluations.best(run) is None
    told = r"no best checkpoint: each of its 5 measured checkpoints had a warning \(collapse, memorised\); omit"
    with pytest.raises(Refused, match=told):
        load(run.path, checkpoint="best")
    train(metrics=(), steps=18, keep=1)
    assert evaluations.best(run) is None and run.checkpoint_steps() == [18]


def test_warnings_in_force_stand_in_the_line(
    in_training: Any, points: Recipe, scripted: Script, tmp_path: Path
) -> None:
    trainer, run, said = in_training(points), RunDirectory.create_at(tmp_path / "run"), []
    trainer.step()
    measuring = PeriodicEvaluation(trainer, run, [scripted(1.0)], said.append)
    measuring.measure(["discriminator_won", "collapse"])
    assert evaluations.read(run)[0]["warnings"] == ["discriminator_won", "collapse"] and measuring.best() is None
    assert "not the best: discriminator_won, collapse;" in said[0] and "best so far" not in said[0]
    measuring.measure()
    assert "warnings" not in evaluations.read(run)[1] and measuring.best() == 1 and "best so far" in said[-1]


def test_the_best_of_the_default_recipe_is_not_where_each_class_is_one_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After 20 steps each class is nearly one picture, which the classifier reads right as it does later."""
    run, fewer = RunDirectory(tmp_path / "run"), {f"metrics.{place}.fakes": "1000" for place in range(3)}
    for steps in (20, 200):
        honmono.train("dcgan-digits", run=run.path, steps=steps, changes=fewer, device="cpu", compile="off")
    early, late = (line["metrics"] for line in evaluations.read(run))
    assert min(early["label_fidelity[digits]"], late["label_fidelity[digits]"]) > 0.99
    assert early["variety_pixels[digits]"] < COLLAPSED < late["variety_pixels[digits]"]
    assert early["coverage[digits]"] < 0.5 < late["coverage[digits]"]
    assert [line.get("warnings") for line in evaluations.read(run)] == [["collapse"], None]
    assert evaluations.best(run) == 200 and load(run.path, checkpoint="best").step == 200
    told = capsys.readouterr().err
    assert "warning: step 20: class" in told and "nearly one picture" in told and "--set fake_labels" in told


def test_a_run_whose_record_names_other_metrics_goes_on(tmp_path: Path) -> None:
    """As of a version in which the recipe measured less: by its own record, and by the recipe's name of today."""
    run, tiny = RunDirectory(tmp_path / "run"), dict(find("dcgan-digits").tiny)
    before = tiny | {"metrics": "(LabelFidelity(features=digits, fakes=50),)"}
    today = {name: value for name, value in tiny.items() if name != "metrics"}
    today |= {f"metrics.{place}.fakes": "50" for place in range(3)}
    honmono.train("dcgan-digits", run=run.path, steps=1, changes=before)
    honmono.train(resume=run.path, steps=2)
    honmono.train("dcgan-digits", run=run.path, steps=3, changes=today)
    lines = evaluations.read(run)
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert list(lines[1]["best_by"]) == ["label_fidelity[digits]"] and "coverage[digits]" in lines[2]["best_by"]
    assert evaluations.best(run) == 3 or lines[2]["warnings"] == ["collapse"]


def test_no_checkpoint_is_best_by_a_number_of_which_neither_more_nor_less_is(train: Train, scripted: Script) -> None:
    neither, modes = scripted(1.0, 5.0, 2.0, 3.0, 4.0, better="neither"), ModeCoverage()
    assert best_by(None, (neither,)) == {} and list(best_by(None, (neither, modes)))[0] == "modes"
    neighbours = Neighbours(features="mnist")
    told = "neighbour_distance.* neither higher nor lower .*keys: modes, high_quality, reverse_kl"
    with pytest.raises(Refused, match=told):
        best_by("neighbour_distance[mnist]", (neighbours, modes))
    with pytest.raises(Refused, match="none: the recipe has no such metrics"):
        best_by("neighbour_distance[mnist]", (neighbours,))
    run = train(metrics=[neither], keep=1)
    assert run.checkpoint_steps() == [16] and evaluations.best(run) is None
    lines = evaluations.of_training(run)
    assert len(lines) == 5 and [line["best_by"] for line in lines] == [{}] * 5
    assert plot(run.path, run.path / "plots")[1].name == "metrics.png"
