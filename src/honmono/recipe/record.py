"""What a run records of itself, and what a resume holds it to: recipe, interface, choices, data."""

import json
import shlex
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from honmono.data.base import Interface
from honmono.devices import Choices, recorded
from honmono.errors import Failed, Refused
from honmono.files import write_json
from honmono.recipe.registry import Entry, import_file
from honmono.recipe.serialize import NOTHING, recipe_from_json, to_json
from honmono.recipe.value import LEFT_TO_DATA, Recipe
from honmono.runs import evaluations, recorded_warnings
from honmono.runs.directory import RunDirectory
from honmono.runs.environment import environment
from honmono.runs.json_fields import equal_values, flatten
from honmono.runs.log import Log


# Fields, with all that stands below them, that say how long to train, how often to log and to save and what to measure,
# and leave every number of the training as it is.
FREE = frozenset(
    {
        *("training.steps", "training.log_every", "training.checkpoint_every", "training.sample_every"),
        *("training.keep", "training.measure_images", "training.best", "metrics"),
    }
)


_WITHOUT = "restore it, or remove it to go on with this machine's choices"


@dataclass(frozen=True)
class Record:
    """A run's recipe.json: enough to build its networks again."""

    name: str
    recipe: Recipe
    interface: Interface

    def to_json(self) -> dict[str, Any]:
        interface = {
            "sample_shape": list(self.interface.sample_shape),
            "classes": list(self.interface.classes),
        }
        return {"name": self.name, "interface": interface, "recipe": to_json(self.recipe)}


def read_record(run: RunDirectory, trust_code: bool = False, named: Mapping[str, Any] = NOTHING) -> Record:
    """The record of a run. Its own recipe.py is run only with `trust_code`; `named` are classes that the user named."""
    trusted = vars(import_file(run.recipe_py.resolve())) if trust_code and run.recipe_py.is_file() else NOTHING
    try:
        value = json.loads(run.recipe_json.read_text(encoding="utf-8"))
        recipe = recipe_from_json(value["recipe"], {**trusted, **named})
        interface = Interface(tuple(value["interface"]["sample_shape"]), tuple(value["interface"]["classes"]))
        return Record(str(value["name"]), recipe, interface)
    except Refused:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{run.recipe_json} is not a recipe that honmono wrote ({error})") from error


def begin(
    run: RunDirectory,
    record: Record,
    entry: Entry,
    choices: Choices,
    data: str,
    argv: list[str],
    origin: Mapping[str, Any] = NOTHING,
) -> None:
    """Writes a new run's recipe, source and environment. origin: what else it records of how it began."""
    if entry.file is not None:
        shutil.copyfile(entry.file, run.recipe_py)
    write_json(run.environment_json, {**_environment(choices, data, argv), **origin, "resumed": []})
    write_json(run.recipe_json, record.to_json())  # last: a directory is a run once it has this file


def go_on(run: RunDirectory, record: Record, choices: Choices, data: str, argv: list[str]) -> None:
    """Adds a resume to a run's records; its recipe may ask for more steps now."""
    session = _environment(choices, data, argv)
    value = read_environment(run) or dict(session)  # where it was lost, this is all that is known
    value["resumed"] = [*value.get("resumed", []), session]
    write_json(run.environment_json, value)
    write_json(run.recipe_json, record.to_json())


def read_environment(run: RunDirectory) -> dict[str, Any]:
    """A run's environment.json; {} where it is not there."""
    try:
        return json.loads(run.environment_json.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Refused(f"{run.environment_json} cannot be read ({error}): {_WITHOUT}") from error


def read_choices(run: RunDirectory) -> Choices | None:
    """The choices that a run was started with; None where its environment.json is not there."""
    environment = read_environment(run)
    try:
        return Choices(**environment["engine"]) if environment else None
    except (KeyError, TypeError) as error:
        raise Refused(f"{run.environment_json} lacks the choices of the run's start ({error}): {_WITHOUT}") from error


def read_parent(run: RunDirectory) -> dict[str, Any] | None:
    """What a run records of the run that it began from; None where it began by itself."""
    parent = read_environment(run).get("parent")
    return parent if isinstance(parent, dict) else None


def left_to_data(run: RunDirectory) -> list[str]:
    """The fields that a run's recipe left to its data; none where the run does not say."""
    try:
        named = read_environment(run)["left_to_data"]
        return [field for field in LEFT_TO_DATA if field in named]
    except (Refused, KeyError, TypeError):
        return []


def other_threads(run: Path, before: Choices, chosen: Choices) -> list[str]:
    """A line where this process would compute with another number of threads than a run did; none on a GPU."""
    if chosen.device != "cpu" or chosen.threads == before.threads:
        return []
    return [f"threads: {before.threads} in {run}, {chosen.threads} here; their number changes the last bits of sums"]


def refuse_changes(run: Path, old: Recipe, new: Recipe) -> None:
    """Raises `Refused`, naming each field, where going on would not be the same training."""
    before, after = flatten(to_json(old)), flatten(to_json(new))
    free = FREE | {"data.source"}  # data may have moved: that it is the same is proved by its content
    kept = {k for k in before.keys() & after.keys() if equal_values(before[k], after[k])}
    changed = [k for k in {**before, **after} if k not in kept and not _within(k, free)]
    if changed:
        told = "; ".join(f"{k}: {_told(before, k)} there, {_told(after, k)} now" for k in changed)
        raise Refused(f"{run} was trained with other settings ({told}): undo the change, or start a new run")


@contextmanager
def fits(run: RunDirectory, checkpoint: Path) -> Iterator[None]:
    """Within it, tensors that do not fit the recipe's networks and optimizers are a failure told in a line."""
    try:
        yield
    except (KeyError, RuntimeError, ValueError) as error:
        raise Failed(f"{checkpoint} does not fit {run.recipe_json}: one of them was changed after training") from error


def refuse_other_data(run: RunDirectory, fingerprint: str, source: str | None = None) -> None:
    """Raises `Refused` where the data's content, now found at `source`, is not what the run was trained on."""
    if read_environment(run).get("data", fingerprint) != fingerprint:
        words = ["--from", str(run.path), *([] if source is None else ["--data", source])]
        raise Refused(
            f"the data of {run.path} has changed since it was started: restore it, or begin a new run on it with the "
            f"weights of this one: honmono train {shlex.join(words)}"
        )


def cut_back(run: RunDirectory, step: int) -> None:
    """Takes away what logs, measurements and film say of steps that will be made again."""
    evaluations.truncate(run, step)
    recorded_warnings.truncate(run, step)
    with Log(run) as log:
        log.truncate(step)
    for picture in run.samples.glob("[0-9]" * 9 + "*.*"):
        if int(picture.stem[:9]) > step:
            picture.unlink()


def with_steps(recipe: Recipe, steps: int) -> Recipe:
    """The recipe with another number of steps."""
    return replace(recipe, training=replace(recipe.training, steps=steps))


def _environment(choices: Choices, data: str, argv: list[str]) -> dict[str, Any]:
    return environment(argv) | {"engine": recorded(choices), "data": data}


def _within(name: str, fields: Collection[str]) -> bool:
    """Whether a dotted field is one of these or stands below one."""
    return any(name == field or name.startswith(f"{field}.") for field in fields)


def _told(fields: dict[str, Any], name: str) -> str:
    return json.dumps(fields[name]) if name in fields else "absent"
