"""The runs of a study: every case under every seed, with its final recipe and its directory."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from honmono.errors import Refused
from honmono.evaluation.availability import unavailable_metrics
from honmono.recipe.record import read_record, refuse_changes
from honmono.recipe.registry import find
from honmono.recipe.serialize import to_json
from honmono.recipe.value import Recipe
from honmono.runs.directory import RunDirectory
from honmono.studies.meter import END, Reading, by_moment
from honmono.studies.scale import scaled
from honmono.studies.state import StudyOptions
from honmono.studies.study import Case, Moments, Study
from honmono.training.options import TrainOptions, recipe_for
from honmono.training.session import with_resolved_auto


# Changes for a training whose metrics are measured later, at checkpoints that must still be there.
LATER = {"metrics": (), "training.measure_images": None, "training.best": None, "training.keep": 0}


@dataclass(frozen=True)
class Planned:
    """One run of a study.

    changes: fields that are changed for its training, and their new values, in the order in which they are applied.
    recipe: the final recipe. With moments it is trained without its metrics, which are measured afterwards.
    full_steps: its steps without `--scale`.
    moments: when it is measured; None: while it trains.
    """

    case: Case
    seed: int
    run: RunDirectory
    changes: Mapping[str, Any]
    recipe: Recipe
    full_steps: int
    moments: Moments | None

    @property
    def name(self) -> str:
        return f"{self.case.label}, seed {self.seed}"

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train."""
        last = self.recipe.training.steps
        if self.moments is not None and self.moments.names and self.moments.names == [*self.readings][:-1]:
            last = self.readings[END].step
        return self.run.checkpoint_steps()[-1:] >= [last]

    @property
    def readings(self) -> dict[str, Reading]:
        """The clock at each moment that has passed, and at the end."""
        return by_moment(self.run, self.moments) if self.moments is not None else {}


def plan(study: Study, options: StudyOptions, out: Path) -> list[Planned]:
    """Every run of a study, in order. Raises `Refused` where the options do not fit a case."""
    planned = [_planned(study, case, seed, options, out) for case in study.cases for seed in _seeds(case, options)]
    for one in planned:
        _refuse_other(one)
    return planned


def open_data(planned: Sequence[Planned]) -> None:
    """Opens each data set once, so that missing data is refused before anything is created."""
    opened = set()
    for one in planned:
        key = json.dumps(to_json(one.recipe.data))
        if key not in opened:
            opened.add(key)
            one.recipe.data.open()


def _planned(study: Study, case: Case, seed: int, options: StudyOptions, out: Path) -> Planned:
    entry = find(case.recipe)
    own = {**study.changes, **case.changes}
    full = recipe_for(entry, TrainOptions(recipe=case.recipe, data=options.data, seed=seed, changes=own))
    changes = {**own, **scaled(full, options.scale), **options.changes}
    recipe = recipe_for(entry, TrainOptions(recipe=case.recipe, data=options.data, seed=seed, changes=changes))
    run = RunDirectory(out / f"{case.directory}-seed-{seed}")
    moments = study.moments and study.moments.scaled(options.scale)
    if moments is not None:
        _refuse_unmeasurable(case.recipe, recipe)
        changes = {name: value for name, value in changes.items() if name.partition(".")[0] != "metrics"} | LATER
    return Planned(case, seed, run, changes, recipe, full.training.steps, moments)


def _refuse_unmeasurable(name: str, recipe: Recipe) -> None:
    """Raises `Refused` where a recipe has nothing to measure at the moments of its study."""
    if not recipe.metrics:
        raise Refused(f"{name} has no metrics to measure at the study's moments: give some with --set metrics=...")
    for why in unavailable_metrics(recipe, recipe.metrics).values():
        raise Refused(why)


def _seeds(case: Case, options: StudyOptions) -> Iterator[int]:
    """The first `options.seeds` of the case's own seeds, continued by consecutive numbers where it has fewer."""
    number = len(case.seeds) if options.seeds is None else options.seeds
    if number < 1:
        raise Refused(f"--seeds {number}: give at least 1")
    yield from case.seeds[:number]
    yield from range(case.seeds[-1] + 1, case.seeds[-1] + 1 + number - len(case.seeds))


def _refuse_other(one: Planned) -> None:
    """Raises `Refused` where a run's directory holds something else, or a run with another recipe."""
    if not RunDirectory.is_run(one.run.path):
        RunDirectory.refuse_taken(one.run.path)
        return
    record = read_record(one.run, trust_code=False)
    if record.name != one.case.recipe:
        raise Refused(f"'{one.run.path}' is a run of {record.name}, not of {one.case.recipe}: give another --out")
    refuse_changes(one.run.path, record.recipe, with_resolved_auto(one.recipe, record.recipe))
