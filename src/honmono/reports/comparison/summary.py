"""A run in a comparison, without its numbers: recipe, cost and hardware, from its directory."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from honmono.errors import Refused
from honmono.files import readable
from honmono.runs.directory import RunDirectory
from honmono.runs.json_fields import flatten
from honmono.runs.log import read as read_log


@dataclass(frozen=True)
class Cost:
    """The cost of training up to a step, from the log; None where the log does not have it."""

    images: float | None
    seconds: float | None

    @property
    def images_per_second(self) -> float | None:
        return self.images / self.seconds if self.images and self.seconds else None


@dataclass(frozen=True)
class Summary:
    """What a comparison shows of one run.

    name: unique among the compared runs.
    fields: all hyper-parameters by dotted field.
    sessions: from environment.json, the environment of the start and of each resume.
    """

    run: RunDirectory
    name: str
    recipe: str
    fields: Mapping[str, Any]
    sessions: Sequence[Mapping[str, Any]]

    @cached_property
    def log(self) -> dict[str, list[int | float | None]]:
        """The columns of its log; {} before the first row."""
        return read_log(self.run)

    @property
    def planned(self) -> int | None:
        """The number of steps of the run's recipe."""
        steps = self.fields.get("training.steps")
        return steps if isinstance(steps, int) else None

    @property
    def data(self) -> str | None:
        """The fingerprint of the run's data."""
        return next((str(session["data"]) for session in self.sessions if session.get("data")), None)

    @property
    def commands(self) -> list[str]:
        return _each(session.get("command") for session in self.sessions)

    @property
    def device(self) -> str:
        return ", ".join(_each(_engine(session, "device") for session in self.sessions))

    @property
    def precision(self) -> str:
        return ", ".join(_each(_engine(session, "precision") for session in self.sessions))

    @property
    def hardware(self) -> str:
        return "; ".join(_each(map(_hardware, self.sessions)))

    @property
    def torch(self) -> str:
        return ", ".join(_each(session.get("torch") for session in self.sessions))

    def cost(self, step: int) -> Cost:
        """The cost of training up to `step`, at its last logged step."""
        steps = self.log.get("step", [])
        row = sum(1 for logged in steps if logged is not None and logged <= step) - 1
        if row < 0:
            return Cost(None, None)
        return Cost(self.log["images"][row], self.log.get("seconds", [None] * len(steps))[row])


def read(paths: Sequence[Path]) -> list[Summary]:
    """The runs in the given order, without repetitions. Raises `Refused` where one is not a run."""
    runs = {run.path.resolve(): run for run in map(RunDirectory.open, paths)}
    return [_read(run, name) for run, name in zip(runs.values(), _names(list(runs)), strict=True)]


def _read(run: RunDirectory, name: str) -> Summary:
    try:
        recorded = json.loads(run.recipe_json.read_text(encoding="utf-8"))
        recipe, fields = str(recorded["name"]), flatten(recorded["recipe"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{run.recipe_json} was not written by honmono ({error}): give another run") from error
    return Summary(run, name, recipe, fields, _sessions(run))


def _sessions(run: RunDirectory) -> list[dict[str, Any]]:
    """The sessions; [] where environment.json is missing or invalid, since it is optional here."""
    try:
        first = json.loads(run.environment_json.read_text(encoding="utf-8"))
        sessions = [first, *first.get("resumed", [])]
    except (OSError, ValueError, AttributeError, TypeError):
        return []
    return [session for session in sessions if isinstance(session, dict)]


def _names(paths: Sequence[Path]) -> list[str]:
    """The shortest unique ends of the paths: `00007-gan-grid`, or `old/00007-gan-grid`."""
    names = [path.name for path in paths]
    length = 1
    while len(set(names)) < len(names):
        length += 1
        names = [
            "/".join(path.parts[-length:]) if names.count(name) > 1 else name
            for path, name in zip(paths, names, strict=True)
        ]
    return [readable(name) for name in names]


def _hardware(session: Mapping[str, Any]) -> str | None:
    """The names of the accelerators used; without them, the processor with torch's number of threads."""
    processes = _engine(session, "processes") or 1
    if str(_engine(session, "device")).partition(":")[0] not in ("cpu", "None"):
        devices = session.get("devices") or [_engine(session, "device")]
        return f"{processes} x {devices[0]}" if processes != 1 else str(devices[0])
    if not session.get("cpu"):
        return None
    threads = _engine(session, "threads") or session.get("threads")
    shared = f", {processes} processes" if processes != 1 else ""
    return f"{session['cpu']}, {threads} of {session.get('cores')} cores{shared}"


def _engine(session: Mapping[str, Any], name: str) -> Any:
    engine = session.get("engine")
    return engine.get(name) if isinstance(engine, dict) else None


def _each(values: Any) -> list[str]:
    """The values without None and repetitions, as texts."""
    return list(dict.fromkeys(str(value) for value in values if value is not None))
