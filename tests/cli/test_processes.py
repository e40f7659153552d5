"""The command as a process of its own: what it imports, where it prints, how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


SOURCE = Path(__file__).parents[2] / "src"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"} | {
    "PYTHONPATH": str(SOURCE)
}


def run(
    *words: str, python: tuple[str, ...] = ("-m", "honmono"), stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    command, nothing = [sys.executable, *python, *words], subprocess.DEVNULL
    return subprocess.run(
        command, env=ENVIRONMENT, stdin=nothing, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


@pytest.mark.parametrize("words", [["--help"], [], ["list"], ["list", "--json"], ["train", "--help"], ["trian"]])
def test_help_and_list_import_nothing_heavy(words: list[str]) -> None:
    code = f"""
import sys
sys.argv = ["honmono", *{words!r}]
from honmono.cli import main
try:
    main()
finally:
    heavy = {{"torch", "numpy", "PIL", "sklearn", "matplotlib"}} & set(sys.modules)
    assert not heavy, heavy
"""
    said = run(python=("-c", code))
    assert said.returncode == (2 if words == ["trian"] else 0), said.stderr
    assert bool(said.stdout) == (words != ["trian"])


def test_a_refusal_and_a_document_keep_to_their_streams(tmp_path: Path) -> None:
    refused = run("sample", str(tmp_path / "nowhere"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"honmono: there is no run directory '{tmp_path / 'nowhere'}'\n"
    shown = run("show", "gan-grid", "--json")
    assert (shown.returncode, shown.stderr) == (0, "") and json.loads(shown.stdout)["name"] == "gan-grid"


def test_a_reader_that_has_left_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        said = run("list", stdout=writer)
    finally:
        os.close(writer)
    assert said.returncode == 0 and said.stderr == ""
