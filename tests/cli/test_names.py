"""Text that an encoding cannot write: names of classes, runs and paths, and outputs that are not UTF-8."""

import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import honmono
from honmono.cli import main
from honmono.recipe.registry import find


Command = Callable[..., Any]
CAFE = os.fsdecode(b"caf\xe9")
TINY = [word for change in find("folder").tiny.items() for word in ("--set", "=".join(change))]


@pytest.fixture
def folder(here: Path) -> Path:
    """Pictures of two classes below a folder; its name, that of a class and those of its pictures are not UTF-8."""
    folder, random = here / CAFE, np.random.default_rng(0)
    try:
        for name in (CAFE, "tea"):
            (folder / name).mkdir(parents=True)
            for number in range(4):
                pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / name / f"{CAFE}{number}.png")
    except (OSError, UnicodeError):
        pytest.skip("this file system takes text only")
    (folder / f"{CAFE}.txt").touch()
    return folder


def strict(path: Path) -> Any:
    return json.loads(path.read_bytes().decode("utf-8", "strict"))


def test_a_class_whose_name_is_not_utf8_is_trained(call: Command, folder: Path) -> None:
    assert json.loads(call("data", "check", CAFE, "--json").out)["class_counts"] == {r"caf\xe9": 4, "tea": 4}
    report = call("data", "check", CAFE).out
    assert r"classes 2: caf\xe9 (4), tea (4)" in report and r"caf\xe9.txt" in report
    run = f"run-{CAFE}"
    assert call("train", "folder", "--data", CAFE, "--run", run, "--steps", 1, *TINY).code == 0
    assert strict(Path(run, "recipe.json"))["interface"]["classes"] == [r"caf\xe9", "tea"]
    assert CAFE in strict(Path(run, "environment.json"))["command"]
    said = call("train", "--resume", run, "--steps", 2)  # the data is found again
    assert said.code == 0 and "going on from step 1" in said.err
    loaded = honmono.load(run)
    assert loaded.sample(2, label=r"caf\xe9").shape[0] == 2
    assert call("sample", run, "--num", 2, "--out", "drawn").code == 0
    assert {path.name for path in Path("drawn").iterdir()} == {"caf-xe9", "tea"}


def test_a_run_whose_name_is_not_utf8_is_looked_at(call: Command, here: Path) -> None:
    try:
        (here / CAFE).mkdir()
    except (OSError, UnicodeError):
        pytest.skip("this file system takes text only")
    assert call("train", "gan-grid", "--steps", 1, "--run", CAFE).code == 0
    assert call("evaluate", CAFE, "--num", 50).code == 0
    shutil.copytree(CAFE, f"other/{CAFE}")
    for out in ("page.html", "table.csv"):
        assert r"caf\xe9" in call("compare", CAFE, f"other/{CAFE}", "--out", out).out
        assert r"caf\xe9" in Path(out).read_text(encoding="utf-8")
    assert call("plot", CAFE, "--out", "plots").code == 0


def printed(patch: pytest.MonkeyPatch, encoding: str, *words: str) -> tuple[int, str, str]:
    """How a call ends whose streams are in an encoding, as those of `honmono list > recipes.txt` on Windows."""
    streams = {name: io.TextIOWrapper(io.BytesIO(), encoding=encoding) for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        patch.setattr(sys, name, stream)
    patch.setattr(sys, "argv", ["honmono", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    written = []
    for stream in streams.values():
        stream.flush()
        stream.seek(0)
        written.append(stream.read())
    assert isinstance(ended.value.code, int)
    return ended.value.code, written[0], written[1]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize("words", ["list", "study", "show realness-cifar10-article"])
def test_an_output_that_is_not_utf8(monkeypatch: pytest.MonkeyPatch, words: str, encoding: str) -> None:
    code, out, err = printed(monkeypatch, encoding, *words.split())
    assert (code, err) == (0, "") and r"\u" in out


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_every_verb_writes_there(monkeypatch: pytest.MonkeyPatch, here: Path, encoding: str) -> None:
    named = here / "日本é"
    (named / "犬").mkdir(parents=True)
    Image.new("L", (8, 8)).save(named / "犬" / "\U0001f600.png")
    calls = [
        ["data", "check", "日本é"],
        ["train", "gan-grid", "--steps", "1", "--run", "走é"],
        ["sample", "走é", "--num", "4"],
        ["evaluate", "走é", "--num", "50"],
        ["compare", "走é"],
    ]
    for words in calls:
        code, out, err = printed(monkeypatch, encoding, *words)
        assert code == 0 and "\\" in out, err
    code, out, err = printed(monkeypatch, encoding, "data", "check", "日本é", "--json")
    assert code == 0 and json.loads(out)["source"] == "日本é"
    code, out, err = printed(monkeypatch, encoding, "sample", "無é")
    assert code == 2 and out == "" and "there is no run directory" in err
