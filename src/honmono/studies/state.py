"""study.json: the options with which a study was started, so that it resumes with the same, and its diverged runs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from honmono.errors import Refused
from honmono.files import write_json
from honmono.recipe.serialize import from_json, to_json
from honmono.runs.directory import RunDirectory


FILE = "study.json"


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """The options of a study.

    scale: share of its steps to train.
    data: source of the pictures; None: each recipe's own.
    seeds: number of seeds of each case; None: the study's own.
    changes: dotted fields of every case and their new values, or these as texts.
    """

    scale: float = 1.0
    data: str | None = None
    seeds: int | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyState:
    """What study.json holds. diverged: by the name of a run's directory, the message with which it diverged."""

    out: Path
    name: str
    options: StudyOptions
    diverged: Mapping[str, str]

    @classmethod
    def open(cls, out: Path, name: str, given: Mapping[str, Any]) -> "StudyState":
        """The state of the study in `out`, new or resumed. given: the caller's options; None keeps the earlier value.

        Raises `Refused` where the directory belongs to another study or was started with other options. Another number
        of seeds is allowed: it only adds or omits runs.
        """
        given = {key: value for key, value in given.items() if value is not None}
        if not (out / FILE).exists():
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                raise Refused(f"'{out}' is neither empty nor a study's directory: give another --out")
            return cls(out, name, StudyOptions(**given), {})
        state = _read(out)
        if state.name != name:
            raise Refused(f"'{out}' holds the study {state.name}, not {name}: give another --out")
        for key, value in given.items():
            before, now = _as_text(getattr(state.options, key)), _as_text(value)
            if key != "seeds" and before != now:
                option = {"changes": "set"}.get(key, key)
                raise Refused(
                    f"'{out}' was started with --{option} {before}, not {now}: omit it to resume, or give another --out"
                )
        return replace(state, options=replace(state.options, seeds=given.get("seeds", state.options.seeds)))

    def write(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        changes = {name: to_json(value) for name, value in self.options.changes.items()}
        options = {**vars(self.options), "changes": changes}
        write_json(self.out / FILE, {"study": self.name, "options": options, "diverged": dict(self.diverged)})

    def why_diverged(self, run: RunDirectory) -> str | None:
        """The message with which a run diverged; None where it did not, or where it was deleted since."""
        return self.diverged.get(run.path.name) if RunDirectory.is_run(run.path) else None

    def with_diverged(self, run: RunDirectory, why: str) -> "StudyState":
        """The state with one more diverged run, written to study.json."""
        new = replace(self, diverged={**self.diverged, run.path.name: why})
        new.write()
        return new


def _as_text(value: Any) -> str:
    """An option as the command line has it."""
    if isinstance(value, Mapping):
        return " ".join(f"{name}={part}" for name, part in value.items()) or "none"
    return "none" if value is None else str(value)


def _read(out: Path) -> StudyState:
    path = out / FILE
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        options = stored["options"] if "options" in stored else stored["asked"]  # the name in older files
        changes = {name: from_json(value) for name, value in options["changes"].items()}
        return StudyState(out, stored["study"], StudyOptions(**{**options, "changes": changes}), stored["diverged"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"'{path}' was not written by honmono ({error}): give another --out") from error
