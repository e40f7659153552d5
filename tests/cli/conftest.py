"""The command, called in this process: importing torch for each call would take seconds."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import honmono
from honmono.cli import main
from honmono.recipe.registry import find


class Said(NamedTuple):
    """What a call printed and how it ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which the command is called: empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Calls `honmono` with the words given; a number or a path will do for a word."""

    def run(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["honmono", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        printed = capsys.readouterr()
        return Said(ended.value.code, printed.out, printed.err)

    return run


@pytest.fixture
def refused(call: Command, here: Path) -> Callable[..., str]:
    """Calls `honmono`, which is to refuse in one line and to leave everything as it was; returns the line."""

    def run(*words: object) -> str:
        before = {path: path.stat().st_mtime_ns for path in here.rglob("*")}
        said = call(*words)
        assert said.code == 2 and said.out == "", said
        assert said.err.startswith("honmono: ") and said.err.count("\n") == 1 and said.err.endswith("\n"), said.err
        assert {path: path.stat().st_mtime_ns for path in here.rglob("*")} == before
        return said.err.removeprefix("honmono: ").rstrip()

    return run


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    """The words that make `dcgan-digits` tiny."""
    return [word for change in find("dcgan-digits").tiny.items() for word in ("--set", "=".join(change))]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of `dcgan-digits`, tiny, of two steps."""
    path = tmp_path_factory.mktemp("trained") / "run"
    honmono.train("dcgan-digits", steps=2, changes=find("dcgan-digits").tiny, run=path)
    return path
