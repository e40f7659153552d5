"""The recipe, data and settings that a run records, and the checks that a resumed run uses the same ones."""

import json
import shlex
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from honmono.data.base import DataSpec
from honmono.devices import Choices, from_record, recorded
from honmono.errors import Failed, Refused
from honmono.files import write_json
from honmono.recipe.registry import Entry, import_file
from honmono.recipe.serialize import NOTHING, recipe_from_json, to_json
from honmono.recipe.value import Recipe, may_be_auto
from honmono.runs import evaluations, recorded_warnings
from honmono.runs.directory import RunDirectory
from honmono.runs.environment import environment
from honmono.runs.json_fields import equal_values, flatten
from honmono.runs.log import Log


# Fields (with all fields below them) that a resume may change: they say how long to train, how often to log, save and
# measure, and change no number of the training.
MAY_CHANGE = frozenset(
    {
        *("training.steps", "training.log_every", "training.checkpoint_every", "training.sample_every"),
        *("training.keep", "training.measure_images", "training.best", "metrics", "sampler"),
    }
)


_RESTORE_OR_REMOVE = "restore it, or remove it to resume with this machine's settings"


@dataclass(frozen=True)
class Record:
    """The content of a run's recipe.json: all that is needed to build its networks again."""

    name: str
    recipe: Recipe
    data_spec: DataSpec

    def to_json(self) -> dict[str, Any]:
        data_spec = {
            "sample_shape": list(self.data_spec.sample_shape),
            "classes": list(self.data_spec.classes),
        }
        return {"name": self.name, "interface": data_spec, "recipe": to_json(self.recipe)}


def read_record(run: RunDirectory, trust_code: bool = False, named: Mapping[str, Any] = NOTHING) -> Record:
    """The record of a run.

    trust_code: whether the run's own recipe.py may be executed.
    named: classes of a recipe that the user gave, which are trusted.
    """
    trusted = vars(import_file(run.recipe_py.resolve())) if trust_code and run.recipe_py.is_file() else NOTHING
    try:
        value = json.loads(run.recipe_json.read_text(encoding="utf-8"))
        recipe = recipe_from_json(value["recipe"], {**trusted, **named})
        data_spec = DataSpec(tuple(value["interface"]["sample_shape"]), tuple(value["interface"]["classes"]))
        return Record(str(value["name"]), recipe, data_spec)
    except Refused:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{run.recipe_json} is not a recipe.json of honmono ({error}): restore it") from error


def create(
    run: RunDirectory,
    record: Record,
    entry: Entry,
    choices: Choices,
    data: str,
    argv: list[str],
    origin: Mapping[str, Any] = NOTHING,
) -> None:
    """Writes a new run's recipe.json, recipe.py and environment.json.

    origin: further fields of environment.json, such as the run that it was started from.
    """
    if entry.file is not None:
        shutil.copyfile(entry.file, run.recipe_py)
    write_json(run.environment_json, {**_environment(choices, data, argv), **origin, "resumed": []})
    write_json(run.recipe_json, record.to_json())  # written last: this file makes the directory a run


def add_resume(run: RunDirectory, record: Record, choices: Choices, data: str, argv: list[str]) -> None:
    """Adds a resume to environment.json and writes recipe.json again, where the number of steps may have changed."""
    session = _environment(choices, data, argv)
    value = read_environment(run) or dict(session)  # where the file was lost, only this session is known
    value["resumed"] = [*value.get("resumed", []), session]
    write_json(run.environment_json, value)
    write_json(run.recipe_json, record.to_json())


def read_environment(run: RunDirectory) -> dict[str, Any]:
    """A run's environment.json; {} where there is none."""
    try:
        return json.loads(run.environment_json.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Refused(f"{run.environment_json} cannot be read ({error}): {_RESTORE_OR_REMOVE}") from error


def read_choices(run: RunDirectory) -> Choices | None:
    """The device, precision and compile choices of a run; None where it has no environment.json."""
    environment = read_environment(run)
    try:
        return from_record(environment["engine"]) if environment else None
    except (KeyError, TypeError) as error:
        raise Refused(
            f"{run.environment_json} lacks the device and precision of the run's start ({error}): {_RESTORE_OR_REMOVE}"
        ) from error


def read_parent(run: RunDirectory) -> dict[str, Any] | None:
    """What a run records of the run whose weights it started from; None where it started from scratch."""
    parent = read_environment(run).get("parent")
    return parent if isinstance(parent, dict) else None


def left_to_data(run: RunDirectory) -> list[str]:
    """The fields that were "auto" in a run's recipe; [] where the run does not record them."""
    try:
        named = read_environment(run)["left_to_data"]
        return [*filter(may_be_auto, named)]
    except (Refused, KeyError, TypeError):
        return []


def thread_note(run: Path, before: Choices, chosen: Choices) -> list[str]:
    """One line where this process would use another number of CPU threads than the run did, else []."""
    if chosen.device != "cpu" or chosen.threads == before.threads:
        return []
    return [f"threads: {before.threads} in {run}, {chosen.threads} here; the number changes the rounding of sums"]


def refuse_changes(run: Path, old: Recipe, new: Recipe) -> None:
    """Raises `Refused`, naming each changed field, where resuming with `new` would change the training."""
    before, after = flatten(to_json(old)), flatten(to_json(new))
    may_change = MAY_CHANGE | {"data.source"}  # data may have been moved: its content is compared instead
    unchanged = {k for k in before.keys() & after.keys() if equal_values(before[k], after[k])}
    changed = [k for k in {**before, **after} if k not in unchanged and not _within(k, may_change)]
    if changed:
        listed = "; ".join(f"{k}: {_value(before, k)} in the run, {_value(after, k)} now" for k in changed)
        raise Refused(f"{run} was trained with other settings ({listed}): undo the change, or start a new run")


@contextmanager
def checkpoint_errors(run: RunDirectory, checkpoint: Path) -> Iterator[None]:
    """Turns errors of loading a checkpoint that does not match the recipe into one-line `Failed` errors."""
    try:
        yield
    except (KeyError, RuntimeError, ValueError) as error:
        raise Failed(f"{checkpoint} does not fit {run.recipe_json}: one of them was changed after training") from error


def refuse_other_data(run: RunDirectory, fingerprint: str, source: str | None = None) -> None:
    """Raises `Refused` where the content of the data has changed since the run was started."""
    if read_environment(run).get("data", fingerprint) != fingerprint:
        arguments = ["--from", str(run.path), *([] if source is None else ["--data", source])]
        raise Refused(
            f"the data of {run.path} has changed since it was started: restore it, or start a new run from "
            f"this one's weights: honmono train {shlex.join(arguments)}"
        )


def truncate(run: RunDirectory, step: int) -> None:
    """Removes log rows, evaluations, warnings and sample pictures of steps after `step`, which will be run again."""
    evaluations.truncate(run, step)
    recorded_warnings.truncate(run, step)
    with Log(run) as log:
        log.truncate(step)
    for picture in run.samples.glob("[0-9]" * 9 + "*.*"):
        if int(picture.stem[:9]) > step:
            picture.unlink()


def with_steps(recipe: Recipe, steps: int) -> Recipe:
    """The recipe with this number of steps."""
    return recipe if recipe.training.steps == steps else replace(recipe, training=replace(recipe.training, steps=steps))


def _environment(choices: Choices, data: str, argv: list[str]) -> dict[str, Any]:
    return environment(argv) | {"engine": recorded(choices), "data": data}


def _within(name: str, fields: Collection[str]) -> bool:
    """Whether a dotted field is one of these or a part of one."""
    return any(name == field or name.startswith(f"{field}.") for field in fields)


def _value(fields: dict[str, Any], name: str) -> str:
    return json.dumps(fields[name]) if name in fields else "absent"
