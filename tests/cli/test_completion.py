"""Shell completion: the scripts for bash, zsh and fish, and what they offer."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from honmono.recipe.registry import entries
from honmono.studies.study import list_studies


ROOT = Path(__file__).parents[2]
VERBS = set("list show train sample interpolate evaluate compare plot study serve push data bench env".split())


def ask(environment: dict[str, str], *words: str) -> str:
    """What a process of the command prints in a shell's environment."""
    everything = os.environ | {"PYTHONPATH": str(ROOT / "src")} | environment
    command = [sys.executable, "-m", "honmono", *words]
    run = subprocess.run(command, env=everything, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def offered(line: str) -> set[str]:
    """What bash offers for the last word of a line."""
    words = line.split(" ")
    said = ask({"_HONMONO_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)})
    return set(said.split())


def test_commands_are_completed() -> None:
    assert offered("honmono ") >= VERBS
    assert offered("honmono sh") == {"show"}
    assert offered("honmono data ") == {"check", "pack"}
    assert "--resume" in offered("honmono train --")


@pytest.mark.parametrize("verb", ["train", "show", "bench"])
def test_recipes_are_completed(verb: str) -> None:
    assert offered(f"honmono {verb} ") == set(entries())
    assert offered(f"honmono {verb} wgan-grid-n") == {"wgan-grid-noclip-article"}


def test_studies_are_completed() -> None:
    assert offered("honmono study ") == {row["name"] for row in list_studies()}


def test_zsh_and_fish_are_offered_the_same() -> None:
    line = {"_TYPER_COMPLETE_ARGS": "honmono train wgan-grid-p"}
    assert "wgan-grid-paper" in ask({"_HONMONO_COMPLETE": "complete_zsh", **line})
    fish = {"_HONMONO_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args", **line}
    assert ask(fish).split()[0] == "wgan-grid-paper"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_takes_its_script(shell: str, tmp_path: Path) -> None:
    # Typer would look for the shell that started this process, which may be another or none.
    script = ask({"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}, "--show-completion", shell)
    assert "_HONMONO_COMPLETE" in script
    if shell != "zsh" and shutil.which(shell):  # zsh alone needs its completion system for this
        file = tmp_path / "script"
        file.write_text(script)
        subprocess.run([shell, "-n", file], check=True)
