"""What a run directory tells of its run besides its numbers: recipe, cost, hardware."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from honmono.errors import Refused
from honmono.files import readable
from honmono.runs.directory import RunDirectory
from honmono.runs.fields import flat
from honmono.runs.log import read as read_log


@dataclass(frozen=True)
class Cost:
    """What it took to train up to a step, by the log; None where the log does not tell.

    images_per_second: on average, over all of these seconds.
    """

    images: float | None
    seconds: float | None

    @property
    def images_per_second(self) -> float | None:
        return self.images / self.seconds if self.images and self.seconds else None


@dataclass(frozen=True)
class Summary:
    """One run. name: its own among those compared. fields: of its recipe, dotted, all hyper-parameters resolved.

    sessions: by environment.json, how it was started, and each time that it was gone on with.
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
        """The steps that its recipe asks for."""
        steps = self.fields.get("training.steps")
        return steps if isinstance(steps, int) else None

    @property
    def data(self) -> str | None:
        """The fingerprint of its data's content."""
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
        """Of training up to `step`, as far as the log goes."""
        steps = self.log.get("step", [])
        place = sum(1 for logged in steps if logged is not None and logged <= step) - 1
        if place < 0:
            return Cost(None, None)
        return Cost(self.log["images"][place], self.log.get("seconds", [None] * len(steps))[place])


def read(paths: Sequence[Path]) -> list[Summary]:
    """The runs in the order given, one that is named twice once. Raises `Refused` where one is no run."""
    runs = {run.path.resolve(): run for run in map(RunDirectory.open, paths)}
    return [_read(run, name) for run, name in zip(runs.values(), _names(list(runs)), strict=True)]


def _read(run: RunDirectory, name: str) -> Summary:
    try:
        recorded = json.loads(run.recipe_json.read_text(encoding="utf-8"))
        recipe, fields = str(recorded["name"]), flat(recorded["recipe"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{run.recipe_json} is not a recipe that honmono wrote ({error})") from error
    return Summary(run, name, recipe, fields, _sessions(run))


def _sessions(run: RunDirectory) -> list[dict[str, Any]]:
    """[] where environment.json is missing or not honmono's: a run can be told of without."""
    try:
        first = json.loads(run.environment_json.read_text(encoding="utf-8"))
        sessions = [first, *first.get("resumed", [])]
    except (OSError, ValueError, AttributeError, TypeError):
        return []
    return [session for session in sessions if isinstance(session, dict)]


def _names(paths: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that tell them apart: `00007-gan-grid`, or `old/00007-gan-grid`."""
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
    """The accelerators it ran on by name; else the processor with the threads that torch used."""
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
    """What is known, each once."""
    return list(dict.fromkeys(str(value) for value in values if value is not None))
