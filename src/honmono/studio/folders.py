"""The two folders that the studio may use, and what is found in them by name. No name leads out of them."""

from dataclasses import dataclass
from pathlib import Path

from honmono.data.choose import MIXTURES
from honmono.data.sources.open import digits_of, expanded
from honmono.errors import Refused, did_you_mean
from honmono.runs.directory import RunDirectory, runs_in


BUILT_IN = ("digits", *MIXTURES)


@dataclass(frozen=True)
class Folders:
    """runs: the directory of runs. data: the folder of data, which uploads go to."""

    runs: Path
    data: Path

    def run(self, name: str) -> RunDirectory:
        """A run by the name of its directory."""
        path = self.runs / name
        if not _is_plain(name) or not RunDirectory.is_run(path):
            near = did_you_mean(name, (run.path.name for run in runs_in(self.runs)))
            raise Refused(f"run {name[:80]!r}: there is no such run in {self.runs}{near}")
        inside(self.runs, path)
        return RunDirectory(path)

    def source(self, text: str) -> str:
        """A source of data by its name: a built-in one, or a path in the data folder as an absolute path."""
        if text in BUILT_IN:
            return text
        if "\0" in text:
            raise Refused("data: a name has no NUL")
        if text.startswith("hf:"):
            raise Refused(f"data {text[:80]!r}: it is downloaded: use it with honmono train, and resume that run here")
        if digits := digits_of(text):
            return f"{text.removesuffix(digits)}{self._path(digits)}"
        return str(self._path(text))

    def allows(self, source: str | None) -> bool:
        """Whether a recipe's source is built in, absent, or inside the data folder."""
        if source is None or source in BUILT_IN:
            return True
        try:
            self.source(source)
        except Refused:
            return False
        return True

    def _path(self, text: str) -> Path:
        path = inside(self.data, self.data / expanded(text))
        plain = Path(str(path).rpartition("@")[0] or path)  # FOLDER@SPLIT
        if not path.exists() and not plain.exists():
            raise Refused(f"data {text[:80]!r}: it is not in {self.data}: upload it, or give {', '.join(BUILT_IN)}")
        return path


def inside(folder: Path, path: Path) -> Path:
    """The path without links and dots. Raises `Refused` where it leads out of the folder."""
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError) as error:  # a circle of links
        raise Refused(f"{path.name[:80]!r}: {error}") from error
    if not resolved.is_relative_to(folder.resolve()):
        raise Refused(f"{path.name[:80]!r} is outside of {folder}")
    return resolved


def _is_plain(name: str) -> bool:
    """Whether a name is that of one visible directory."""
    return bool(name) and name == Path(name).name and not name.startswith(".") and "\0" not in name
