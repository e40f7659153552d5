"""Measure the runs of a study at its moments: their metrics, and the time that samples take."""

import json
import time
from collections.abc import Sequence
from typing import TypedDict

from honmono.evaluation.availability import applicable
from honmono.evaluation.evaluate_run import evaluate
from honmono.files import write_json
from honmono.generation.load import load
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.studies.plan import Planned
from honmono.studies.sampler_steps import measure_steps


FILE = "sampling_time.json"  # in a run's directory
SAMPLES = 256


class SamplingTime(TypedDict):
    """How long the samples of a finished run took. cpu_seconds: over all threads."""

    samples: int
    seconds: float
    cpu_seconds: float


def measure_moments(one: Planned, sampler_steps: Sequence[int], device: str) -> None:
    """Evaluates the checkpoint of each moment of a run where this is not done yet, and times the last one's samples.

    sampler_steps: numbers of steps in which the last one is measured too, where its sampler takes steps.
    """
    steps = {reading.step for reading in one.readings.values()} & {*one.run.checkpoint_steps()}
    measured = {line["checkpoint"] for line in evaluations.read(one.run) if not line.get("during_training")}
    for step in sorted(steps - measured):
        classes = load(one.run.path, device=device).classes
        metrics = applicable(one.recipe, one.recipe.metrics, classes)
        evaluate(one.run.path, metrics, checkpoint=step, device=device)
    if one.finished and steps and not (one.run.path / FILE).exists():
        write_json(one.run.path / FILE, _time_samples(one.run, device))
    measure_steps(one, sampler_steps, device)


def sampling_time(run: RunDirectory) -> SamplingTime | None:
    """How long samples of a run took; None where it was not timed."""
    path = run.path / FILE
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _time_samples(run: RunDirectory, device: str) -> SamplingTime:
    trained = load(run.path, device=device)
    trained.sample(1)  # the first call allocates memory
    cpu, wall = time.process_time(), time.perf_counter()
    trained.sample(SAMPLES)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"samples": SAMPLES, "seconds": round(wall, 3), "cpu_seconds": round(cpu, 3)}
