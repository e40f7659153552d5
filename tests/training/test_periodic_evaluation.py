"""Metrics during training: when they are measured, what they leave, and no bit changed."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from honmono.errors import Failed
from honmono.metrics.base import Metric
from honmono.metrics.fid import FID
from honmono.metrics.modes import ModeCoverage
from honmono.recipe.value import Pair
from honmono.runs import evaluations, log
from honmono.runs.directory import RunDirectory
from honmono.schedules import Constant


Train = Callable[..., RunDirectory]
Script = Callable[..., Metric]
MODES = ModeCoverage(fakes=50)


def weights(run: RunDirectory, step: int) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in run.checkpoint(step).glob("*.safetensors")}


def untimed(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: part for name, part in line.items() if name not in ("run", "seconds", "time")} for line in lines]


def steps_of(run: RunDirectory) -> list[int]:
    return [line["step"] for line in evaluations.read(run)]


def test_it_is_measured_by_the_clock_and_at_the_end(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    run = train(keep=0)
    assert steps_of(run) == [4, 7, 10, 13, 16]  # 16 images a step: beyond 50, 100, 150, 200; 250 at the end
    assert [line["images"] for line in evaluations.read(run)] == [64, 112, 160, 208, 256]
    assert run.checkpoint_steps() == [4, 7, 8, 10, 12, 13, 16]
    line = evaluations.read(run)[0]
    assert list(line["metrics"]) == ["modes", "high_quality", "reverse_kl"] and line["during_training"]
    assert line["best_by"] == {"modes": "higher", "high_quality": "higher", "reverse_kl": "lower"}
    assert line["protocol"] and line["seconds"] > 0 and line["run"] == "run"
    said = capsys.readouterr().err.splitlines()
    protocols = [text for text in said if text.startswith("measurement protocol: modes: fakes 50, ")]
    assert len(protocols) == 1  # of all numbers, since it is the same
    told = [text for text in said if text.startswith("step 10: ")]
    assert len(told) == 1 and "modes " in told[0] and "best so far" in told[0] and told[0].endswith(" s to measure)")


def test_without_an_interval_it_is_measured_at_the_end_alone(train: Train) -> None:
    assert steps_of(train(measure_images=None)) == [16]
    unmeasured = train("unmeasured", metrics=())
    assert not unmeasured.metrics_jsonl.exists() and unmeasured.checkpoint_steps() == [8, 12, 16]


def test_what_is_measured_stands_in_the_log(train: Train, scripted: Script) -> None:
    run = train(metrics=(MODES, scripted(0.25, 0.5)))
    rows = log.read(run)
    assert rows["step"] == [1, 4, 5, 7, 10, 13, 15, 16]
    assert rows["metric.scripted[mnist]"] == [None, 0.25, None, 0.5, 0.25, 0.5, None, 0.25]
    assert "metric.modes" in rows and not any("part" in name for name in rows)
    assert all(value is not None for value in rows["generator.fake"])
    last = json.loads(run.log_jsonl.read_text().splitlines()[-1])
    assert last["metric.scripted[mnist]"] == 0.25 and last["images"] == 256


def test_measuring_changes_no_bit(train: Train, scripted: Script) -> None:
    plain = train("plain", metrics=(), keep=0)
    measured = train("measured", metrics=(MODES, scripted(1.0)), keep=0)
    assert set(plain.checkpoint_steps()) < set(measured.checkpoint_steps())
    for step in plain.checkpoint_steps():
        assert weights(plain, step) == weights(measured, step)
    one, other = log.read(plain), log.read(measured)
    for name in [name for name in one if name not in ("seconds", "images_per_second")]:
        at = [other["step"].index(step) for step in one["step"]]
        assert one[name] == [other[name][place] for place in at]


def test_a_resume_measures_what_an_undisturbed_run_does(train: Train) -> None:
    whole = train("whole", steps=16)
    for steps in (6, 11, 16):
        parts = train("parts", steps=steps)
    assert weights(whole, 16) == weights(parts, 16)
    assert steps_of(parts) == [4, 6, 7, 10, 11, 13, 16]  # besides, one at the end of each part
    ends = {6, 11}
    assert untimed([line for line in evaluations.read(parts) if line["step"] not in ends]) == untimed(
        evaluations.read(whole)
    )


def test_a_resume_cuts_back_to_its_checkpoint(train: Train) -> None:
    run = train()
    whole = untimed(evaluations.read(run))
    evaluations.append(run, evaluations.read(run)[0] | {"during_training": False})
    for step in (13, 16):
        run.checkpoint(step).rename(run.path / str(step))
    with run.metrics_jsonl.open("ab") as file:
        file.write(b'{"torn')
    train(steps=16)
    again = untimed(evaluations.read(run))
    assert [line for line in again if line["during_training"]] == whole
    assert [line["step"] for line in again] == [4, 7, 10, 4, 13, 16]


@pytest.mark.parametrize(
    ("then", "why"), [("refuse", "the generator draws nothing at all"), ("break", "KeyError: 'slip'")]
)
def test_what_cannot_be_measured_is_told_once_and_training_goes_on(
    train: Train, scripted: Script, capsys: pytest.CaptureFixture[str], then: str, why: str
) -> None:
    run = train(metrics=[scripted(then=then)])
    assert not run.metrics_jsonl.exists() and run.checkpoint_steps()[-1] == 16
    warnings = [text for text in capsys.readouterr().err.splitlines() if text.startswith("warning:")]
    assert warnings == [f"warning: step 4 could not be measured: {why}"]
    assert weights(run, 16) == weights(train("plain", metrics=()), 16)


def test_a_metric_that_cannot_be_measured_is_named_before_the_training(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    of_pictures = FID(features="mnist")  # and the recipe makes points
    run = train(metrics=(of_pictures, MODES), best="fid[mnist]")
    assert all(list(line["metrics"]) == ["modes", "high_quality", "reverse_kl"] for line in evaluations.read(run))
    told = capsys.readouterr().err
    line = "not measured during training: fid[mnist] "
    assert told.count(line) == 1 and told.index(line) < told.index("step 4: ")
    assert evaluations.read(run)[0]["best_by"]["modes"] == "higher"
    nothing = train("nothing", metrics=(of_pictures,))
    assert not nothing.metrics_jsonl.exists() and nothing.checkpoint_steps() == [8, 12, 16]


def test_measuring_costs_no_speed_and_no_seconds_of_training(
    train: Train, scripted: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock on which each measurement takes a thousand seconds."""
    metric, clock = scripted(), time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + 1000 * vars(type(metric))["given"])
    run = train(metrics=[metric], steps=3, log_every=1, measure_images=16)
    rows, measured = log.read(run), [line["seconds"] for line in evaluations.read(run)]
    assert len(measured) == 3 and min(measured) >= 1000
    assert (rows["seconds"][-1] or 0) < 1000 and all(16 / speed < 1000 for speed in rows["images_per_second"] if speed)


def test_a_diverged_training_fails_as_ever(train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Failed, match="training has diverged"):
        train(measure_images=16, checkpoint_every=100, learning_rates=Pair(Constant(float("inf")), Constant()))
    told = capsys.readouterr().err
    assert (
        "warning: step 1 could not be measured: the generator returns NaN or infinity" in told
        and "Traceback" not in told
    )
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_metrics_may_change_in_a_resume(train: Train, scripted: Script) -> None:
    run = train(steps=8)
    train(steps=12, metrics=(ModeCoverage(fakes=40),), measure_images=64)
    train(steps=16, metrics=[scripted(3.0)], measure_images=None)
    assert steps_of(run) == [4, 7, 8, 12, 16]
    assert weights(run, 16) == weights(train("plain", metrics=()), 16)
    lines = evaluations.of_training(run)
    assert evaluations.best(run) == 16 and steps_of(run) == [line["step"] for line in lines]
    assert [line["step"] for line in evaluations.comparable(lines, "modes")] == [12]  # of 40 fakes, as the newest


def test_one_metric_that_cannot_be_measured_keeps_no_other_from_it(
    train: Train, scripted: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(metrics=(scripted(then="refuse", key="hopeless"), MODES))
    assert steps_of(run) == [4, 7, 10, 13, 16]
    assert all(list(line["metrics"]) == ["modes", "high_quality", "reverse_kl"] for line in evaluations.read(run))
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith(("warning:", "step 4: "))]
    assert told[0] == "warning: step 4: without hopeless: the generator draws nothing at all" and len(told) == 2
    assert "best" not in told[1] and evaluations.best(run) is None  # which is chosen by the other
