"""Wrong calls: one line on standard error that says how to mend it, exit 2, and nothing left behind."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


Command = Callable[..., Any]
Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("trian", "No such command 'trian'. Did you mean 'train'? (see honmono --help)"),
        ("data", "Missing command. (see honmono data --help)"),
        ("data chek digits", "No such command 'chek'. Did you mean 'check'? (see honmono data --help)"),
        ("sample", "Missing argument 'run'. (see honmono sample --help)"),
        ("train --stpes 3", "--stpes (Possible options: --classes, --set, --steps) (see honmono train --help)"),
        ("--quiet", "No such option: --quiet (see honmono --help)"),
        ("list extra", "Got unexpected extra argument(s) (extra) (see honmono list --help)"),
        ("train --steps many", "Invalid value for '--steps'"),
        ("train --steps", "'--steps' requires an argument"),
        (
            "train dcgan-digit",
            "no recipe is named 'dcgan-digit'; did you mean 'dcgan-digits'? (honmono list shows all)",
        ),
        ("show gan-gird", "did you mean 'gan-grid'"),
        ("bench gan-gird", "did you mean 'gan-grid'"),
        ("train --set training.stpes=1", "did you mean 'training.steps'? (training has: steps, batch_size, seed,"),
        ("train --set training.steps=many", "--set training.steps=many: expected int; it is 3000 now"),
        ("train --set training.steps", "--set training.steps: write it as FIELD=VALUE"),
        ("show gan-grid --set widths=1", "did you mean 'generator.widths'"),
        ("train --data no-such-folder", "there is no no-such-folder: give 'digits', 'hf:NAME', a folder"),
        ("train --data https://example.org/a.zip", "https://example.org/a.zip is a web address: download it"),
        ("train --data digit", "there is no digit; did you mean 'digits'?"),
        ("data check no-such-folder", "there is no no-such-folder"),
        ("data pack no-such-folder", "there is no no-such-folder"),
        ("train --run full", "'full' is neither empty nor a run directory"),
        ("train --resume full", "'full' is not a run directory: it has no recipe.json"),
        ("train --resume nowhere", "there is no run directory 'nowhere'"),
        ("train --steps 0", "training.steps is 0: give at least 1"),
        ("train --epochs 1 --images 3", "--steps, --images and --epochs exclude each other: give one of them"),
        ("train --device gpu", "--device gpu: expected auto, cpu, cuda, cuda:N or mps"),
        ("train --precision fp8", "--precision fp8: expected one of auto, fp32, bf16, fp64"),
        ("train --track tensorbord", "there is no tracker 'tensorbord'; did you mean 'tensorboard'"),
        ("train --compile maybe", "--compile maybe: expected one of auto, off, losses"),
        ("train mine.py:gan", "mine.py does not exist"),
        ("sample nowhere", "there is no run directory 'nowhere'"),
        ("interpolate nowhere", "there is no run directory 'nowhere'"),
        ("plot nowhere", "there is no run directory 'nowhere'"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line(here: Path, refused: Refusal, words: str, line: str) -> None:
    (here / "full").mkdir()
    (here / "full" / "notes.txt").touch()
    assert line in refused(*words.split())
    assert {path.name for path in here.rglob("*")} == {"full", "notes.txt"}  # no runs/, no packed data


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--label eleven", "--label eleven: no such class (classes: 0, 1, 2, 3"),
        ("--label 10", "--label 10: no such class; did you mean"),
        ("--label-index 10", "--label-index 10: give a number from 0 to 9 (classes: 0, 1"),
        ("--label 1 --label-index 1", "--label and --label-index: "),
        ("--num 0", "--num 0: "),
        ("--num -3", "--num -3: "),
        ("--truncation 0", "--truncation 0.0: "),
        ("--raw --out raw.png", "--out raw.png: give a .npy file with --raw"),
        ("--out grid.bmp", "--out grid.bmp: "),
        ("--num 2000 --out grid.png", "--num 2000: a picture has at most 1024 samples"),
        ("--out .", "it is not empty"),
        ("--device gpu", "--device gpu: expected"),
    ],
)
def test_a_wrong_sample_is_refused_in_one_line(here: Path, run: Path, refused: Refusal, words: str, line: str) -> None:
    shutil.copytree(run, here / "run")
    assert line in refused("sample", "run", *words.split())
    if "--out grid.bmp" in words:
        assert "--out grid.bmp: " in refused("interpolate", "run", "--out", "grid.bmp")


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        ("sample run", "another path with --out"),
        ("sample run --out run/new/pictures", "another path with --out"),
        ("interpolate run", "another path with --out"),
        ("plot run", "another path with --out"),
        ("evaluate run --metrics labels", "its metrics.jsonl keeps every evaluation, so copy the run"),
    ],
)
def test_a_run_that_is_read_only_says_where_to_write(
    here: Path, run: Path, call: Command, refused: Refusal, words: str, mend: str
) -> None:
    shutil.copytree(run, here / "run")
    (here / "run").chmod(0o555)
    if os.access(here / "run", os.W_OK):
        pytest.skip("this user may write everywhere")
    line = refused(*words.split())
    assert "'run', which is read-only" in line and mend in line
    assert call("sample", "run", "--out", "grid.png", "--num", 4).code == 0


@pytest.mark.parametrize("verb", ["sample", "interpolate", "plot"])
def test_a_file_in_the_way_of_an_output_is_named(here: Path, run: Path, refused: Refusal, verb: str) -> None:
    (here / "notes.txt").touch()
    out = "notes.txt/plots" if verb == "plot" else "notes.txt/drawn.gif" if verb == "interpolate" else "notes.txt/a.png"
    line = refused(verb, run, "--out", out)
    assert "'notes.txt' is a file" in line and "--out" in line


def test_the_directory_of_runs_is_not_taken_for_a_run(here: Path, run: Path, refused: Refusal) -> None:
    shutil.copytree(run, here / "runs" / "00001-dcgan-digits")
    assert "'runs/00001-dcgan-digits'" in refused("sample", "runs")
    assert "did you mean '00001-dcgan-digits'" in refused("sample", "runs/0001-dcgan-digits")


def test_a_recipe_file_that_cannot_be_run_names_the_line(here: Path, refused: Refusal) -> None:
    (here / "mine.py").write_text("import os\nos.no_such_thing\n")
    assert "mine.py raised an error: AttributeError" in (line := refused("train", "mine.py:gan"))
    assert line.endswith("(line 2)")
