"""A run as the studio's pages show it: recipe, state, progress, pictures, curves, numbers."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from honmono.errors import Refused
from honmono.files import readable
from honmono.reports.comparison.numbers import mean_and_deviation
from honmono.reports.figures.curves import contents_of
from honmono.reports.figures.film import frames
from honmono.reports.html import Table
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory, runs_in
from honmono.runs.evaluations import is_detail
from honmono.runs.log import METRIC, last_step, read
from honmono.runs.protocol_text import describe
from honmono.runs.protocols import arrow, better, record_of
from honmono.studio.folders import Folders
from honmono.studio.trainings import Trainings


MOST_POINTS = 300  # of a curve; of more, means of neighbouring ones
MOST_RUNS = 200  # in the list, the newest


@dataclass(frozen=True)
class Card:
    """A run in a list.

    state: "training", "done" or "stopped". planned: steps of its recipe.
    step: of the newest picture or checkpoint, and while it trains of the log.
    """

    name: str
    recipe: str
    state: str
    step: int
    planned: int
    conditional: bool
    points: bool
    data: str
    commands: Sequence[str]

    @property
    def share(self) -> int:
        """Percent of the training that is done."""
        return min(100, round(100 * self.step / max(self.planned, 1)))


def cards(folders: Folders, trainings: Trainings) -> list[Card]:
    """The runs, newest first; those that are no runs of honmono are left out."""
    found = []
    for run in reversed(runs_in(folders.runs)[-MOST_RUNS:]):
        try:
            found.append(card(folders.run(run.path.name), trainings))
        except Refused:
            continue
    return found


def card(run: RunDirectory, trainings: Trainings) -> Card:
    """What a run's own files say about it, and whether it trains. Raises `Refused` where honmono did not write them."""
    try:
        recorded = json.loads(run.recipe_json.read_text(encoding="utf-8"))
        recipe = recorded["recipe"]
        planned, points = int(recipe["training"]["steps"]), len(recorded["interface"]["sample_shape"]) == 1
        data = str(recipe["data"].get("source") or recipe["data"]["$class"].lower())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{run.recipe_json} was not written by honmono ({error})") from error
    saved = max(run.checkpoint_steps(), default=0)
    state = "training" if trainings.trains(run) else "done" if saved >= planned else "stopped"
    pictures = frames(run.samples)
    step = max(saved, int(pictures[-1].stem) if pictures else 0, last_step(run) if state == "training" else 0)
    conditional = bool(recipe.get("conditional"))
    name = readable(str(recorded["name"]))
    return Card(run.path.name, name, state, step, planned, conditional, points, readable(data), _commands(run))


def _commands(run: RunDirectory) -> list[str]:
    """The commands of the run's start and of each resume; without the folder of Python's own command."""
    try:
        first = json.loads(run.environment_json.read_text(encoding="utf-8"))
        commands = [str(one["command"]) for one in (first, *first.get("resumed", []))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    words = [command.partition(" ") for command in commands]
    return [f"honmono {rest}" if "honmono" in program else f"{program} {rest}" for program, _, rest in words]


def curves(run: RunDirectory) -> list[dict[str, Any]]:
    """The panels of a run's curves: a title, and lines of a name, images seen and values; null where not finite."""
    try:
        status = run.log_jsonl.stat()
    except OSError:
        return []
    return _curves(run.path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _curves(path: Path, changed: int, size: int) -> list[dict[str, Any]]:
    """The curves of a log as it was at that time and of that size."""
    columns = read(RunDirectory(path))
    if not columns:
        return []
    contents = contents_of(columns)
    for column in columns:
        measured = sum(value is not None for value in columns[column])
        if column.startswith(f"{METRIC}.") and not is_detail(column) and measured > 1:
            contents[column.removeprefix(f"{METRIC}.")] = {"": column}
    return [
        {"title": title, "lines": [_line(name, columns["images"], columns[column]) for name, column in lines.items()]}
        for title, lines in contents.items()
    ]


def _line(name: str, images: Sequence[Any], values: Sequence[Any]) -> dict[str, Any]:
    pairs = np.array([(x, y) for x, y in zip(images, values, strict=True) if y is not None], dtype=float)
    pieces = np.array_split(pairs, min(len(pairs), MOST_POINTS)) if len(pairs) else []
    means = [[float(number) for number in piece.mean(axis=0)] for piece in pieces]
    return {"name": name, "x": [x for x, _ in means], "y": [y if math.isfinite(y) else None for _, y in means]}


def numbers(run: RunDirectory) -> tuple[Table, list[str]] | None:
    """The numbers of the newest evaluations, one row each, and how they were measured; None where there are none."""
    lines = evaluations.read(run)
    if not lines:
        return None
    newest: dict[str, Any] = {key: line for line in lines for key in line["metrics"] if not is_detail(key)}
    records = {key: record_of(key, line["protocol"]) for key, line in newest.items()}
    rows = [
        [
            f"{key} {arrow(better(key, records[key]))}".rstrip(),
            _number(line["metrics"][key]),
            f"{line['checkpoint']:,}",
            "during training" if line.get("during_training") else "evaluate",
        ]
        for key, line in newest.items()
    ]
    return Table(["number", "value", "step", "measured"], rows, numbers=(1, 2)), describe(records.values())


def _number(value: Any) -> str:
    return mean_and_deviation([float(value)])[0] if isinstance(value, int | float) else "not finite"
