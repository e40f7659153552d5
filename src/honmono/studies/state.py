"""study.json: what a study was asked for, so that it goes on as it was begun, and which of its trainings diverged."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from honmono.errors import Refused
from honmono.files import write_json
from honmono.runs.directory import RunDirectory


FILE = "study.json"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The arguments of a study. seeds: how many for each case; None: the study's own."""

    scale: float = 1.0
    data: str | None = None
    seeds: int | None = None
    changes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Book:
    """A study's directory as it was begun. diverged: what was said of the runs that will not be gone on with."""

    out: Path
    name: str
    asked: Asked
    diverged: Mapping[str, str]

    @classmethod
    def open(cls, out: Path, name: str, call: Mapping[str, Any]) -> "Book":
        """The book of a study in `out`, begun or new; None in a call is as it was begun.

        Raises `Refused` where the directory is another study's, or was begun with other arguments. More seeds, or
        fewer, are no change: they are more or fewer runs of the same kind.
        """
        given = {key: value for key, value in call.items() if value is not None}
        if not (out / FILE).exists():
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                raise Refused(f"'{out}' is neither empty nor a study's directory: name another --out")
            return cls(out, name, Asked(**given), {})
        begun = _read(out / FILE)
        if begun["study"] != name:
            raise Refused(f"'{out}' holds the study {begun['study']}, not {name}: name another --out")
        asked = Asked(**begun["asked"])
        for key, value in given.items():
            if key != "seeds" and value != getattr(asked, key):
                told = f"--{_option(key)} {_told(getattr(asked, key))}, not {_told(value)}"
                raise Refused(f"'{out}' was begun with {told}: omit it to go on, or name another --out")
        return cls(out, name, replace(asked, seeds=given.get("seeds", asked.seeds)), begun["diverged"])

    def write(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        told = {"study": self.name, "asked": asdict(self.asked), "diverged": dict(self.diverged)}
        write_json(self.out / FILE, told)

    def why_diverged(self, run: RunDirectory) -> str | None:
        """What was said of a run that diverged; None where it did not, or was deleted since."""
        return self.diverged.get(run.path.name) if RunDirectory.is_run(run.path) else None

    def with_diverged(self, run: RunDirectory, why: str) -> "Book":
        """The same with one more training that will not be gone on with, written at once."""
        new = replace(self, diverged={**self.diverged, run.path.name: why})
        new.write()
        return new


def _option(key: str) -> str:
    return {"changes": "set"}.get(key, key)


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name}={text}" for name, text in value.items()) or "none"
    return "none" if value is None else str(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        begun = json.loads(path.read_text(encoding="utf-8"))
        Asked(**begun["asked"])
        return {name: begun[name] for name in ("study", "asked", "diverged")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"'{path}' is not a study that honmono wrote ({error}): name another --out") from error
