"""A study at equal cost: its runs are trained to the moments and measured at each, killed or not."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import honmono
from honmono.errors import Interrupted, Refused
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.studies.meter import by_moment, readings
from honmono.studies.study import Case, Moments, Study


BATCH = 64  # of the small studies
LONG = {"training.steps": 100_000, "training.sample_every": 100_000, "training.checkpoint_every": 10}


@pytest.fixture
def equal_images(duel: Study) -> Study:
    """One case under two seeds, measured after 3 and 5 steps, but trained for up to 8."""
    return replace(duel, cases=duel.cases[:1], moments=Moments(images=(3 * BATCH, 5 * BATCH)), traces=())


def measured_steps(run: RunDirectory) -> list[int]:
    return [line["step"] for line in evaluations.read(run)]


def test_runs_end_at_the_last_moment_and_are_measured_at_each(
    equal_images: Study, read_html: Callable[[str], Any]
) -> None:
    page = read_html(honmono.study(equal_images, "out").read_text("utf-8"))
    for seed in (3, 4):
        run = RunDirectory(Path(f"out/first-seed-{seed}"))
        assert measured_steps(run) == [3, 5] and run.checkpoint_steps() == [2, 3, 4, 5]
        assert all(run.sample(step).is_file() for step in (0, 3, 5))
        assert [(one.step, one.images) for one in readings(run)] == [(step, step * BATCH) for step in (2, 3, 4, 5)]
    assert all(page.text.count(f"step {step}") >= 2 for step in (0, 3, 5))  # pictures of both runs
    assert "At equal cost" in page.text and "192 images" in page.text and "320 images" in page.text
    rows = json.loads(Path("out/duel.json").read_text())["rows"]
    assert [(row["case"], row["seed"], row["steps"]) for row in rows] == [("first", 3, 5), ("first", 4, 5)]
    for row in rows:
        assert [point["step"] for point in row["course"]] == [3, 5] and row["sampling"]["samples"] > 0
        assert 0 < row["course"][0]["cpu_seconds"] <= row["course"][1]["cpu_seconds"] == row["cpu_seconds"]
        assert row["protocol"]["modes"]["fakes"] == 50 and "fakes.weights" in row["protocol"]["modes"]


def test_measuring_later_changes_no_number(equal_images: Study, trained: Path) -> None:
    """At the end of its 8 steps a run has the numbers that it has where they are measured while it trains."""
    honmono.study(replace(equal_images, moments=Moments()), "out")
    for seed in (3, 4):
        name = f"first-seed-{seed}"
        (line,) = evaluations.read(RunDirectory(Path("out") / name))
        assert line["metrics"] == evaluations.read(RunDirectory(trained / name))[-1]["metrics"]


def test_processor_time_ends_a_training(equal_images: Study) -> None:
    study = replace(equal_images, moments=Moments(cpu_seconds=(0.2, 0.4)), changes={**equal_images.changes, **LONG})
    honmono.study(study, "out", seeds=1)
    run = RunDirectory(Path("out/first-seed-3"))
    first, second, end = by_moment(run, Moments(cpu_seconds=(0.2, 0.4))).values()
    assert 0.2 <= first.cpu_seconds < second.cpu_seconds and second.cpu_seconds >= 0.4 and end == second
    assert measured_steps(run) == [first.step, second.step] and first.step < second.step < 100_000


def test_calling_again_makes_nothing_again(equal_images: Study, capfd: pytest.CaptureFixture[str]) -> None:
    honmono.study(equal_images, "out", seeds=1)
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    capfd.readouterr()
    honmono.study(equal_images, "out")
    assert "first, seed 3: already trained" in capfd.readouterr().err
    kept = [path for path in before if "seed-3" in str(path) and "lock" not in path.name]
    assert kept and all(path.read_bytes() == before[path] for path in kept)


def test_a_stopped_one_goes_on_with_its_time(equal_images: Study) -> None:
    study = replace(equal_images, moments=Moments(cpu_seconds=(1.0,)), changes={**equal_images.changes, **LONG})
    run = RunDirectory(Path("out/first-seed-3"))

    def stop() -> None:
        while not run.checkpoint_steps():
            time.sleep(0.002)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(Interrupted):
        honmono.study(study, "out", seeds=1)
    thread.join()
    before = readings(run)
    assert before[-1].step == run.checkpoint_steps()[-1] and before[-1].cpu_seconds < 1
    honmono.study(study, "out", seeds=1)
    after = readings(run)
    assert after[: len(before)] == before
    times = [one.cpu_seconds for one in after]
    assert times == sorted(times) and times[-1] >= 1 and measured_steps(run) == [after[-1].step]


def test_a_reading_without_its_checkpoint_is_not_the_end(equal_images: Study) -> None:
    """As a process leaves it that was killed between the two."""
    honmono.study(equal_images, "out", seeds=1)
    run = RunDirectory(Path("out/first-seed-3"))
    whole = [one.step for one in readings(run)]
    for step in (4, 5):
        for path in run.checkpoint(step).iterdir():
            path.unlink()
        run.checkpoint(step).rmdir()
    honmono.study(equal_images, "out", seeds=1)
    assert [one.step for one in readings(run)] == whole
    assert run.checkpoint_steps() == [2, 3, 4, 5] and measured_steps(run) == [3, 5]


def test_a_shorter_study_has_earlier_moments() -> None:
    moments = Moments(images=(1_000, 3), cpu_seconds=(600.0,))
    assert moments.scaled(0.1) == Moments(images=(100, 1), cpu_seconds=(60.0,)) and moments.scaled(1) == moments
    assert moments.names == ["1,000 images", "3 images", "600 CPU seconds"]


def test_what_cannot_be_measured_is_refused_before_anything_is_created(equal_images: Study) -> None:
    for metrics in ((), "(LabelFidelity(features='digits'),)"):
        with pytest.raises(Refused):
            honmono.study(equal_images, "out", changes={"metrics": metrics})
    assert not Path("out").exists()


def test_a_flow_is_measured_in_other_numbers_of_steps_too(
    equal_images: Study, read_html: Callable[[str], Any], small: dict[str, str]
) -> None:
    own = {"generator.widths": "(8, 8)", "data.samples": "64", "sampler.steps": "2", "training.batch_size": "64"}
    flow = Case(label="flow", recipe="flow-grid", changes=own, settings={"rate": ""})
    shared = {name: text for name, text in equal_images.changes.items() if name not in small}
    gan = replace(equal_images.cases[0], changes=small, seeds=(3,))
    study = replace(equal_images, cases=(gan, flow), changes=shared, sampler_steps=(1, 3))
    page = read_html(honmono.study(study, "out").read_text("utf-8"))
    assert "At equal evaluations of the network" in page.text
    gans, flows = json.loads(Path("out/duel.json").read_text())["rows"]
    assert gans["sampler_steps"] == []
    assert [(one["steps"], one["evaluations"]) for one in flows["sampler_steps"]] == [(1, 2), (3, 6)]
    assert all("modes" in one["metrics"] for one in flows["sampler_steps"])
