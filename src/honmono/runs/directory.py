"""The run directory: its name, its creation, its files, and how runs are found."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from honmono.errors import Refused, did_you_mean
from honmono.files import partial


PARTS = {"samples", "checkpoints"}  # directories that are created first
WRITTEN_BEFORE_RECIPE = PARTS | {".lock", "recipe.py", "environment.json"}


@dataclass(frozen=True)
class RunDirectory:
    """A run's directory and the paths of its files. A directory is a run once it has a recipe.json."""

    path: Path

    @classmethod
    def create(cls, root: Path, recipe_name: str) -> Self:
        """A new run under `root`, with the next free number: `00007-dcgan-mnist`. Safe for concurrent processes.

        recipe_name: a registered name, or `path/to/mine.py:my_gan`, which gives `00007-my-gan`.
        """
        _make_directory(root)
        name = re.sub(r"[^A-Za-z0-9.]+", "-", recipe_name.rsplit(":", 1)[-1]).strip("-")
        number = max(_numbers(root), default=0) + 1
        while True:
            # The directory `00007` is the lock: only one process can create it. A process that had it before has
            # renamed it, so that the number occurs twice now.
            reserved = root / f"{number:05d}"
            if _make_directory(reserved, exclusive=True):
                if _numbers(root).count(number) == 1:
                    return cls(reserved.rename(root / f"{number:05d}-{name}"))._with_parts()
                reserved.rmdir()
            number += 1

    @classmethod
    def create_at(cls, path: Path) -> Self:
        """A new run at `path`, which must not exist or be empty."""
        cls.refuse_taken(path)
        _make_directory(path)
        return cls(path)._with_parts()

    @classmethod
    def refuse_taken(cls, path: Path) -> None:
        """Raises `Refused` where a new run cannot be created at `path`."""
        if cls.is_run(path):
            raise Refused(f"'{path}' is a run already; resume it with `honmono train --resume {path}`")
        if path.is_dir() and any(path.iterdir()) and not _never_started(path):
            raise Refused(f"'{path}' is neither empty nor a run directory; give a new directory")
        if path.exists() and not path.is_dir():
            raise Refused(f"'{path}' is a file, not a directory; give another path")

    @classmethod
    def open(cls, path: Path) -> Self:
        """The run at `path`. Raises `Refused` where there is none, naming the nearest."""
        if cls.is_run(path):
            return cls(path)
        if inside := runs_in(path):
            raise Refused(f"'{path}' is not a run, but contains runs; the newest is '{inside[-1].path}'")
        if path.as_posix().startswith("hf:"):
            raise Refused(
                f"{path} names a model of the hub, which holds no log and no checkpoints: give a run directory"
            )
        hint = did_you_mean(path.name, (run.path.name for run in runs_in(path.parent)))
        if not path.exists():
            raise Refused(f"there is no run directory '{path}'{hint}")
        raise Refused(f"'{path}' is not a run directory: it has no recipe.json{hint}")

    @staticmethod
    def is_run(path: Path) -> bool:
        return (path / "recipe.json").is_file()

    @property
    def recipe_json(self) -> Path:
        """Every resolved hyper-parameter."""
        return self.path / "recipe.json"

    @property
    def recipe_py(self) -> Path:
        """A copy of the recipe's source, which is imported only with --trust-code."""
        return self.path / "recipe.py"

    @property
    def environment_json(self) -> Path:
        """Versions, device, commit, command."""
        return self.path / "environment.json"

    @property
    def log_csv(self) -> Path:
        """One row per logged step."""
        return self.path / "log.csv"

    @property
    def log_jsonl(self) -> Path:
        """The same rows, one JSON object per line."""
        return self.path / "log.jsonl"

    @property
    def metrics_jsonl(self) -> Path:
        """Every evaluation, with its protocol."""
        return self.path / "metrics.jsonl"

    @property
    def warnings_jsonl(self) -> Path:
        """The warnings of the training."""
        return self.path / "warnings.jsonl"

    @property
    def samples(self) -> Path:
        """The directory of `real.png` and of one picture per sampled step."""
        return self.path / "samples"

    @property
    def checkpoints(self) -> Path:
        """The directory of checkpoints, each a directory named by its step."""
        return self.path / "checkpoints"

    def sample(self, step: int, name: str = "") -> Path:
        """The sample grid of one step, with nine digits, so that names sort by step. name: of an additional grid."""
        return self.samples / f"{step:09d}{name and '-'}{name}.png"

    def checkpoint(self, step: int) -> Path:
        """The checkpoint of one step."""
        return self.checkpoints / f"{step:09d}"

    def checkpoint_steps(self) -> list[int]:
        """The steps of the complete checkpoints, ascending."""
        states = self.checkpoints.glob("[0-9]" * 9 + "/state.json")
        return sorted(int(state.parent.name) for state in states)

    def _with_parts(self) -> Self:
        self.samples.mkdir(exist_ok=True)
        self.checkpoints.mkdir(exist_ok=True)
        return self


def _never_started(path: Path) -> bool:
    """Whether the directory is what a run leaves that was killed before it wrote its recipe.json: empty parts."""
    left = {part.name: part for part in path.iterdir()}
    names = left.keys() - {leftover.name for leftover in partial(path)}
    empty = all(not any(left[name].iterdir()) for name in PARTS & names)
    return empty and (names <= PARTS or PARTS <= names <= WRITTEN_BEFORE_RECIPE)


def runs_in(root: Path) -> list[RunDirectory]:
    """The runs directly under `root`, sorted by name, which is the order of creation."""
    if not root.is_dir():
        return []
    return [RunDirectory(path) for path in sorted(root.iterdir()) if RunDirectory.is_run(path)]


def unfinished(
    root: Path, recipe: dict[str, Any], ignored: Collection[str] = frozenset({"training.steps"})
) -> list[RunDirectory]:
    """The unfinished runs of this recipe under `root` that can be resumed, newest first.

    recipe: canonical JSON, as under "recipe" in recipe.json.
    ignored: dotted fields that may differ.
    """
    return [run for run in reversed(runs_in(root)) if _stopped_early(run, recipe, ignored)]


def _stopped_early(run: RunDirectory, recipe: dict[str, Any], ignored: Collection[str]) -> bool:
    steps = run.checkpoint_steps()
    if not steps:
        return False
    try:
        recorded = json.loads(run.recipe_json.read_text(encoding="utf-8"))
        planned = recorded["recipe"]["training"]["steps"]
    except (OSError, ValueError, KeyError, TypeError):  # a recipe.json that honmono did not write
        return False
    return _without(recorded["recipe"], ignored) == _without(recipe, ignored) and steps[-1] < planned


def _without(value: Any, ignored: Collection[str], prefix: str = "") -> Any:
    """The JSON value without the dotted fields in `ignored`."""
    if not isinstance(value, dict):
        return value
    return {
        name: _without(part, ignored, f"{prefix}{name}.")
        for name, part in value.items()
        if f"{prefix}{name}" not in ignored
    }


def _numbers(root: Path) -> list[int]:
    """The numbers of the directories under `root`."""
    return [int(match[1]) for path in root.iterdir() if (match := re.match(r"(\d+)(?:-|$)", path.name))]


def _make_directory(path: Path, exclusive: bool = False) -> bool:
    """Creates a directory and its parents; with `exclusive`, returns False where it exists."""
    try:
        path.mkdir(parents=True, exist_ok=not exclusive)
    except FileExistsError as error:
        if exclusive:
            return False
        raise Refused(f"'{path}' is a file, not a directory; give another path") from error
    except OSError as error:
        raise Refused(f"cannot create the directory '{path}': {error.strerror}; give another path") from error
    return True
