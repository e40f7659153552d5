"""benchmarks/quality.py: a study of its arguments, and a row for each run, which is not made again."""

import json
import runpy
from pathlib import Path

import pytest


SCRIPT = Path(__file__).parents[1] / "benchmarks" / "quality.py"
SMALL = ("generator.widths=(8, 8)", "discriminator.widths=(8, 8)", "training.batch_size=64", "metrics.0.fakes=50")


def test_a_row_for_each_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main = runpy.run_path(str(SCRIPT))["main"]
    changes = [word for change in SMALL for word in ("--set", change)]
    words = ["here", "gan-grid", "--images", "128", "--results", str(tmp_path), *changes]
    main([*words, "--first", "7", "--seeds", "1"])
    main([*words, "--first", "7", "--seeds", "2"])
    rows = json.loads((tmp_path / "quality-here.json").read_text())["rows"]
    assert [(row["seed"], row["images"], row["steps"]) for row in rows] == [(7, 128, 2), (8, 128, 2)]
    assert all("--first" in row["command"] and row["protocol"]["modes"]["fakes"] == 50 for row in rows)
    capfd.readouterr()
    main(words[:1] + words[-2 - len(changes) : -len(changes)])
    table = capfd.readouterr().out.splitlines()
    assert table[0].startswith("| recipe |") and "7, 8" in table[2] and "±" in table[2]
