"""`honmono compare`: a table, a document, a page, and a refusal where protocols differ."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory


Command = Callable[..., Any]
SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture
def measured(run: Path, here: Path) -> Callable[..., Path]:
    """Copies the trained run and gives it an evaluation."""

    def copy(name: str, fid: float, fakes: int = 1_000) -> Path:
        shutil.copytree(run, here / name)
        record = {
            "better": {"fid[digits]": "lower"},
            "conditions": {"metric": "fid[digits]", "fakes": fakes},
            "context": {"fakes.weights": "average", "fakes.batch_norm": "running"},
        }
        protocol = {"fid[digits]": record}
        made: dict[str, Any] = {"metrics": {"fid[digits]": fid}, "intervals": {}, "protocol": protocol}
        directory = RunDirectory(here / name)
        evaluations.append(directory, evaluations.line(directory, 2, 128, seconds=1.0, **made))
        return Path(name)

    return copy


def test_a_table_and_how_it_was_measured(call: Command, measured: Callable[..., Path]) -> None:
    said = call("compare", measured("a", 4.5), measured("b", 3.25))
    assert said.code == 0 and said.err == ""
    header, first, second, empty, *lines = said.out.splitlines()
    assert header.split()[:6] == ["run", "recipe", "step", "images", "seen", "fid[digits]"] and "↓" in header
    assert first.split()[:5] == ["a", "dcgan-digits", "2", "128", "4.5"]
    assert second.split()[:5] == ["b", "dcgan-digits", "2", "128", "3.25*"]
    assert empty == "" and any(line.startswith("fid[digits]: fakes 1,000, ") for line in lines)


def test_one_document(call: Command, measured: Callable[..., Path]) -> None:
    said = call("compare", measured("a", 4.5), measured("b", 3.25), "--json", "--out", "page.html")
    assert said.code == 0 and said.err == "" and Path("page.html").stat().st_size > 10_000
    document = json.loads(said.out)
    assert [one["metrics"] for one in document["runs"]] == [{"fid[digits]": 4.5}, {"fid[digits]": 3.25}]
    assert document["mixed"] == [] and document["protocol"]["fid[digits]"]["conditions"]["fakes"] == 1_000


def test_runs_are_compared_without_torch(measured: Callable[..., Path]) -> None:
    words = ["compare", str(measured("a", 4.5)), str(measured("b", 3.25)), "--out", "page.html"]
    code = f"import sys; sys.argv = ['honmono', *{words!r}]; from honmono.cli import main\n"
    code += "try: main()\nfinally: print('torch' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "3.25*" in done.stdout and done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("name", ["page.html", "new/table.csv"])
def test_the_file_made_is_named_last(call: Command, measured: Callable[..., Path], name: str) -> None:
    said = call("compare", measured("a", 4.5), "--out", name)
    assert said.code == 0 and said.out.splitlines()[-1] == name and Path(name).stat().st_size > 0


def test_mixed_protocols_are_refused_or_marked(
    call: Command, refused: Callable[..., str], measured: Callable[..., Path]
) -> None:
    runs = measured("a", 4.5), measured("b", 3.25, 500)
    line = refused("compare", *runs, "--out", "page.html")
    assert line.startswith("fid[digits] of b and a ") and "fakes is 500, not 1,000" in line
    assert "--num" in line and "--mixed" in line
    said = call("compare", *runs, "--mixed")
    assert said.code == 0 and "3.25 [1]" in said.out and "\n[1] b: fid[digits] cannot be compared with a" in said.out


def test_a_run_that_was_not_measured(refused: Callable[..., str], measured: Callable[..., Path], run: Path) -> None:
    line = refused("compare", measured("a", 4.5), run)
    assert f"`honmono evaluate {run}`" in line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nowhere"], "there is no run directory 'nowhere'"),
        (["a", "--out", "x.pdf"], "--out x.pdf: give a .html or .csv file"),
        (["a", "--checkpoint", "first"], "--checkpoint first: give newest or best"),
    ],
)
def test_wrong_calls(refused: Callable[..., str], words: list[str], line: str) -> None:
    assert refused("compare", *words) == line
