"""Quality against network evaluations: a trained run's samples in other numbers of steps of its sampler."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypedDict

from honmono.evaluation.availability import applicable
from honmono.evaluation.measure import measure
from honmono.files import write_json
from honmono.generation.load import load
from honmono.recipe.samplers import Stepwise
from honmono.reports.figures.overlaid import Curve, overlaid
from honmono.reports.figures.style import Stroke
from honmono.reports.html import Picture
from honmono.runs.directory import RunDirectory
from honmono.runs.evaluations import is_detail
from honmono.studies.plan import Planned


FILE = "sampler_steps.json"  # in a run's directory
FAKES = 2_000  # of each measurement: fewer than of the run's own, since there are many


class Sampled(TypedDict):
    """What was measured in so many steps. evaluations: of the network, for one sample."""

    steps: int
    evaluations: int
    metrics: dict[str, float]


def measure_steps(one: Planned, numbers: Sequence[int], device: str) -> None:
    """Measures the newest checkpoint of a finished run in each number of steps, where its sampler takes steps."""
    if not (isinstance(one.recipe.sampler, Stepwise) and one.finished and numbers) or (one.run.path / FILE).exists():
        return
    trained = load(one.run.path, device=device)
    metrics = [replace(metric, fakes=FAKES) for metric in applicable(one.recipe, one.recipe.metrics, trained.classes)]
    found = list[Sampled]()
    for steps in numbers:
        model = trained.with_sampler(steps=steps).model
        values = {key: value for key, value in measure(model, metrics).metrics.items() if not is_detail(key)}
        found.append({"steps": steps, "evaluations": model.sampler.evaluations, "metrics": values})
    write_json(one.run.path / FILE, found)


def read_steps(run: RunDirectory) -> list[Sampled]:
    """What was measured of a run in other numbers of steps; [] where nothing was."""
    path = run.path / FILE
    return json.loads(path.read_text("utf-8")) if path.exists() else []


def step_curves(planned: Sequence[Planned], strokes: Sequence[tuple[str, Stroke]]) -> Iterator[Picture]:
    """A picture for each number that was measured, with a curve for each run.

    strokes: by label of a case.
    """
    sampled = [(dict(strokes)[one.case.label], found) for one in planned if (found := read_steps(one.run))]
    for key in dict.fromkeys(key for _, found in sampled for point in found for key in point["metrics"]):
        curves = [Curve(stroke, *_points(found, key)) for stroke, found in sampled]
        if drawn := overlaid(curves, logarithmic=True, over="network evaluations per sample"):
            caption = f"{key} against network evaluations, {FAKES:,} fakes"
            yield Picture(drawn, "svg+xml", caption, alt=caption)


def _points(found: Sequence[Sampled], key: str) -> tuple[list[Any], list[Any]]:
    return [point["evaluations"] for point in found], [point["metrics"].get(key) for point in found]
