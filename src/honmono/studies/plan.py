"""What a study trains: every case under every seed, as a recipe with all that the call says of it, and where."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from honmono.errors import Refused
from honmono.recipe.record import read_record, refuse_changes
from honmono.recipe.registry import find
from honmono.recipe.serialize import to_json
from honmono.recipe.value import Recipe
from honmono.runs.directory import RunDirectory
from honmono.studies.scale import scaled
from honmono.studies.state import Asked
from honmono.studies.study import Case, Study
from honmono.training.options import TrainOptions, recipe_for
from honmono.training.session import with_resolved_auto


@dataclass(frozen=True)
class Planned:
    """One training of a study.

    changes: of its recipe, in the order in which they are made. whole: its steps where nothing is scaled.
    """

    case: Case
    seed: int
    run: RunDirectory
    changes: Mapping[str, str]
    recipe: Recipe
    whole: int

    @property
    def name(self) -> str:
        return f"{self.case.label}, seed {self.seed}"

    @property
    def finished(self) -> bool:
        return self.run.checkpoint_steps()[-1:] >= [self.recipe.training.steps]


def plan(study: Study, asked: Asked, out: Path) -> list[Planned]:
    """Every training of a study in its order. Raises `Refused` where one cannot be made of what was asked."""
    planned = [_planned(study, case, seed, asked, out) for case in study.cases for seed in _seeds(case, asked)]
    for one in planned:
        _refuse_other(one)
    return planned


def open_data(planned: Sequence[Planned]) -> None:
    """Packs what has to be packed, so that data that cannot be had is refused before anything is created."""
    seen = set()
    for one in planned:
        told = json.dumps(to_json(one.recipe.data))
        if told not in seen:
            seen.add(told)
            one.recipe.data.open()


def _planned(study: Study, case: Case, seed: int, asked: Asked, out: Path) -> Planned:
    entry = find(case.recipe)
    own = {**study.changes, **case.changes}
    whole = recipe_for(entry, TrainOptions(recipe=case.recipe, data=asked.data, seed=seed, changes=own))
    changes = {**own, **scaled(whole, asked.scale), **asked.changes}
    recipe = recipe_for(entry, TrainOptions(recipe=case.recipe, data=asked.data, seed=seed, changes=changes))
    run = RunDirectory(out / f"{case.directory}-seed-{seed}")
    return Planned(case, seed, run, changes, recipe, whole.training.steps)


def _seeds(case: Case, asked: Asked) -> Iterator[int]:
    """The case's own, as many of them as were asked for, and those that follow where more were."""
    number = len(case.seeds) if asked.seeds is None else asked.seeds
    if number < 1:
        raise Refused(f"--seeds {number}: train each case under at least 1")
    yield from case.seeds[:number]
    yield from range(case.seeds[-1] + 1, case.seeds[-1] + 1 + number - len(case.seeds))


def _refuse_other(one: Planned) -> None:
    """Raises `Refused` where something else stands in the place of a run: honmono may have changed meanwhile."""
    if not RunDirectory.is_run(one.run.path):
        RunDirectory.refuse_taken(one.run.path)
        return
    record = read_record(one.run, trust_code=False)
    if record.name != one.case.recipe:
        raise Refused(f"'{one.run.path}' is a run of {record.name}, not of {one.case.recipe}: name another --out")
    refuse_changes(one.run.path, record.recipe, with_resolved_auto(one.recipe, record.recipe))
