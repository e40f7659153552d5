"""Metrics during training: when they are measured, what they leave, which checkpoint is best, and no bit changed."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

import honmono
from honmono.errors import Failed, Refused
from honmono.metrics.base import Evidence, Metric
from honmono.metrics.modes import ModeCoverage
from honmono.recipe import Pair, Recipe
from honmono.runs import log, measurements
from honmono.runs.directory import RunDirectory
from honmono.schedules import Constant
from honmono.training.measuring import best_by


@dataclass(frozen=True, kw_only=True)
class Scripted(Metric):
    """A metric of a user's own that gives these values one after the other, and then does what a metric might."""

    kind: ClassVar[str] = "scripted"
    given: ClassVar[int] = 0

    values: tuple[float, ...] = (1.0,)
    then: str = ""

    @property
    def name(self) -> str:
        return "scripted[mnist]"

    def keys(self) -> dict[str, Any]:
        return {"scripted[mnist]": "higher", "scripted[mnist].part": "higher"}

    def measure(self, evidence: Evidence) -> dict[str, float]:
        assert len(evidence.points(self.fakes)) == self.fakes
        torch.rand(3)  # what it draws from the default generator is its own affair
        if self.then == "refuse":
            raise Refused("the generator draws nothing at all")
        if self.then == "break":
            raise KeyError("slip")
        if self.then == "dawdle":
            time.sleep(0.5)
        value = self.values[Scripted.given % len(self.values)]
        Scripted.given += 1
        return {"scripted[mnist]": value, "scripted[mnist].part": -value}


@dataclass(frozen=True, kw_only=True)
class Elsewhere(Scripted):
    """One whose package nobody has."""

    needs: ClassVar[str] = "no_such_package"


Train = Callable[..., RunDirectory]
MODES = (ModeCoverage(fakes=50),)


@pytest.fixture
def train(points: Recipe, tmp_path: Path) -> Train:
    """16 steps of 16 points each, or so many, in the directory of that name."""
    Scripted.given = 0

    def call(name: str = "run", steps: int = 16, metrics: Sequence[Metric] = MODES, **training: Any) -> RunDirectory:
        often = {"log_every": 5, "checkpoint_every": 4, "sample_every": 100, "measure_images": 50}
        recipe = replace(points, metrics=tuple(metrics), training=replace(points.training, **(often | training)))
        honmono.train(recipe, run=tmp_path / name, steps=steps, device="cpu", precision="fp32", compile="off")
        return RunDirectory(tmp_path / name)

    return call


def scripted(*values: float, then: str = "") -> tuple[Metric, ...]:
    return (Scripted(fakes=20, values=values, then=then),)


def weights(run: RunDirectory, step: int) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in run.checkpoint(step).glob("*.safetensors")}


def untimed(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: part for name, part in line.items() if name not in ("run", "seconds", "time")} for line in lines]


def steps_of(run: RunDirectory) -> list[int]:
    return [line["step"] for line in measurements.read(run)]


def test_it_is_measured_by_the_clock_and_at_the_end(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    run = train(keep=0)
    assert steps_of(run) == [4, 7, 10, 13, 16]  # 16 images a step: beyond 50, 100, 150, 200; 250 at the end
    assert [line["images"] for line in measurements.read(run)] == [64, 112, 160, 208, 256]
    assert run.checkpoint_steps() == [4, 7, 8, 10, 12, 13, 16]
    line = measurements.read(run)[0]
    assert list(line["metrics"]) == ["modes", "high_quality", "reverse_kl"] and line["during_training"]
    assert line["best_by"] == {"modes": "higher", "high_quality": "higher", "reverse_kl": "lower"}
    assert line["protocol"] and line["seconds"] > 0 and line["run"] == "run"
    told = [text for text in capsys.readouterr().err.splitlines() if text.startswith("step 10: ")]
    assert len(told) == 1 and "modes " in told[0] and "best so far" in told[0] and told[0].endswith(" s to measure)")


def test_without_an_interval_it_is_measured_at_the_end_alone(train: Train) -> None:
    assert steps_of(train(measure_images=None)) == [16]
    unmeasured = train("unmeasured", metrics=())
    assert not unmeasured.metrics_jsonl.exists() and unmeasured.checkpoint_steps() == [8, 12, 16]


def test_what_is_measured_stands_in_the_log(train: Train) -> None:
    run = train(metrics=(*MODES, *scripted(0.25, 0.5)))
    rows = log.read(run)
    assert rows["step"] == [1, 4, 5, 7, 10, 13, 15, 16]
    assert rows["metric.scripted[mnist]"] == [None, 0.25, None, 0.5, 0.25, 0.5, None, 0.25]
    assert "metric.modes" in rows and not any("part" in name for name in rows)
    assert all(value is not None for value in rows["generator.fake"])
    last = json.loads(run.log_jsonl.read_text().splitlines()[-1])
    assert last["metric.scripted[mnist]"] == 0.25 and last["images"] == 256


def test_measuring_changes_no_bit(train: Train) -> None:
    plain = train("plain", metrics=(), keep=0)
    measured = train("measured", metrics=(*MODES, *scripted(1.0)), keep=0)
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
    assert untimed([line for line in measurements.read(parts) if line["step"] not in ends]) == untimed(
        measurements.read(whole)
    )


def test_a_resume_cuts_back_to_its_checkpoint(train: Train) -> None:
    run = train()
    whole = untimed(measurements.read(run))
    measurements.append(run, measurements.read(run)[0] | {"during_training": False})
    for step in (13, 16):
        run.checkpoint(step).rename(run.path / str(step))
    with run.metrics_jsonl.open("ab") as file:
        file.write(b'{"torn')
    train(steps=16)
    again = untimed(measurements.read(run))
    assert [line for line in again if line["during_training"]] == whole
    assert [line["step"] for line in again] == [4, 7, 10, 4, 13, 16]


@pytest.mark.parametrize(
    ("values", "best", "there"),
    [
        ((1.0, 5.0, 2.0, 3.0, 4.0), 7, [7, 16]),
        ((1.0, 5.0, 2.0, 6.0, 4.0), 13, [13, 16]),  # a better one came: the old best went
        ((1.0, 2.0, 3.0, 4.0, 5.0), 16, [16]),
        ((5.0, float("nan"), 3.0, 4.0, 5.0), 16, [16]),  # as good, and trained longer
    ],
)
def test_the_best_checkpoint_stays(train: Train, values: tuple[float, ...], best: int, there: list[int]) -> None:
    run = train(metrics=scripted(*values), keep=1)
    assert measurements.best(run) == best
    assert run.checkpoint_steps() == there
    told = [line["metrics"].get("scripted[mnist]") for line in measurements.read(run)]
    assert told == [None if value != value else value for value in values]


def test_the_best_is_chosen_by_the_key_that_was_asked_for(train: Train) -> None:
    run = train(metrics=(*MODES, *scripted(1.0, 5.0, 2.0, 3.0, 4.0)), keep=1, best="scripted[mnist].part")
    assert measurements.read(run)[-1]["best_by"] == {"scripted[mnist].part": "higher", "scripted[mnist]": "higher"}
    assert measurements.best(run) == 4 and run.checkpoint_steps() == [4, 16]


def test_a_best_whose_checkpoint_is_gone_breaks_nothing(train: Train) -> None:
    metrics = scripted(1.0, 5.0, 2.0, 3.0, 0.0, 0.5, 0.5, 0.5, 0.5)
    run = train(metrics=metrics, keep=2, steps=15)
    assert measurements.best(run) == 7
    run.checkpoint(7).rename(run.path / "gone")
    assert measurements.best(run) == 13
    train(metrics=metrics, keep=2, steps=24)
    assert measurements.best(run) == 13 and run.checkpoint_steps() == [13, 22, 24]


@pytest.mark.parametrize(
    ("then", "why"), [("refuse", "the generator draws nothing at all"), ("break", "KeyError: 'slip'")]
)
def test_what_cannot_be_measured_is_told_once_and_training_goes_on(
    train: Train, capsys: pytest.CaptureFixture[str], then: str, why: str
) -> None:
    run = train(metrics=scripted(1.0, then=then))
    assert not run.metrics_jsonl.exists() and run.checkpoint_steps()[-1] == 16
    warnings = [text for text in capsys.readouterr().err.splitlines() if text.startswith("warning:")]
    assert warnings == [f"warning: step 4 is not measured: {why}"]
    assert weights(run, 16) == weights(train("plain", metrics=()), 16)


def test_a_metric_whose_package_is_missing_is_told_before_the_training(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(metrics=(Elsewhere(), *MODES), best="scripted[mnist]")
    assert all(list(line["metrics"]) == ["modes", "high_quality", "reverse_kl"] for line in measurements.read(run))
    told = capsys.readouterr().err
    line = "not measured during training: scripted[mnist] needs no_such_package: pip install 'honmono[metrics]'"
    assert told.count(line) == 1 and told.index(line) < told.index("step 4: ")
    assert measurements.read(run)[0]["best_by"]["modes"] == "higher"
    nothing = train("nothing", metrics=(Elsewhere(),))
    assert not nothing.metrics_jsonl.exists() and nothing.checkpoint_steps() == [8, 12, 16]


def test_a_key_that_is_not_measured_is_refused_before_anything_is_there(train: Train, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="training.best is mods, which is not measured; did you mean 'modes'"):
        train(best="mods")
    with pytest.raises(Refused, match="none: the recipe has no metrics"):
        train(best="modes", metrics=())
    assert not (tmp_path / "run").exists()


def test_measuring_costs_no_speed_and_no_seconds_of_training(train: Train) -> None:
    begun = time.monotonic()
    run = train(metrics=scripted(1.0, then="dawdle"), steps=3, log_every=1, measure_images=16)
    wall = time.monotonic() - begun
    rows, measured = log.read(run), [line["seconds"] for line in measurements.read(run)]
    assert len(measured) == 3 and min(measured) >= 0.5
    assert (rows["seconds"][-1] or 0) + sum(measured) < wall
    assert sum(16 / speed for speed in rows["images_per_second"] if speed) + sum(measured) < wall


def test_a_diverged_training_fails_as_ever(train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Failed, match="training has diverged"):
        train(measure_images=16, checkpoint_every=100, learning_rates=Pair(Constant(float("inf")), Constant()))
    told = capsys.readouterr().err
    assert "warning: step 1 is not measured: the generator returns NaN or infinity" in told and "Traceback" not in told
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_metrics_may_change_in_a_resume(train: Train) -> None:
    run = train(steps=8)
    train(steps=12, metrics=(ModeCoverage(fakes=40),), measure_images=64)
    train(steps=16, metrics=scripted(3.0), measure_images=None)
    assert steps_of(run) == [4, 7, 8, 12, 16]
    assert weights(run, 16) == weights(train("plain", metrics=()), 16)
    lines = measurements.of_training(run)
    assert measurements.best(run) == 16 and steps_of(run) == [line["step"] for line in lines]
    assert [line["step"] for line in measurements.comparable(lines, "modes")] == [12]  # of 40 fakes, as the newest


def test_the_best_stays_where_nothing_is_measured_any_more(train: Train) -> None:
    run = train(steps=9, keep=1)
    best = measurements.best(run)
    train(metrics=(), steps=16, keep=1)
    assert measurements.best(run) == best and run.checkpoint_steps() == [best, 16]


@dataclass(frozen=True, kw_only=True)
class Hopeless(Scripted):
    """One that is always refused, beside others that are not."""

    @property
    def name(self) -> str:
        return "hopeless"

    def keys(self) -> dict[str, Any]:
        return {"hopeless": "lower"}

    def measure(self, evidence: Evidence) -> dict[str, float]:
        raise Refused("there are too few reals")


def test_one_metric_that_cannot_be_measured_keeps_no_other_from_it(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(metrics=(Hopeless(), *MODES))
    assert steps_of(run) == [4, 7, 10, 13, 16]
    assert all(list(line["metrics"]) == ["modes", "high_quality", "reverse_kl"] for line in measurements.read(run))
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith(("warning:", "step 4: "))]
    assert told[0] == "warning: step 4: without hopeless: there are too few reals" and len(told) == 2
    assert "best" not in told[1] and measurements.best(run) is None  # which is chosen by the other


def test_the_keys_that_decide() -> None:
    modes, other = ModeCoverage(), Scripted()
    assert best_by(None, ()) == {}
    assert list(best_by(None, (modes, other))) == ["modes", "high_quality", "reverse_kl"]
    assert list(best_by(None, (other, modes))) == ["scripted[mnist]"]
    assert list(best_by("reverse_kl", (other, modes))) == ["reverse_kl", "modes", "high_quality"]
