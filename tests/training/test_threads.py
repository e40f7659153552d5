"""How many threads a run computes with: sums end in other bits under another number."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import honmono
from honmono.devices import Choices
from honmono.recipe.record import thread_note
from honmono.recipe.registry import find
from honmono.training.session import TrainOptions, prepare


def test_another_number_is_said_where_a_processor_computes() -> None:
    before = Choices("cpu", "fp32", "off", 1, 2)
    assert thread_note(Path("run"), before, before) == []
    assert "2 in run, 8 here" in thread_note(Path("run"), before, replace(before, threads=8))[0]
    assert thread_note(Path("run"), before, replace(before, threads=8, device="cuda")) == []


def test_a_resume_keeps_its_number_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = honmono.train("gan-grid", steps=1, changes=find("gan-grid").tiny, run=tmp_path / "run").run.path
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    session = prepare(TrainOptions(resume=path, steps=2))
    line = f"threads: 1 in {path}, 3 here; the number changes the rounding of sums, so the resume uses 1"
    assert line in session.lines
    assert session.trainer.engine.choices.threads == 1


def test_a_run_that_begins_from_another_says_where_its_number_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = honmono.train("gan-grid", steps=1, changes=find("gan-grid").tiny, run=tmp_path / "run").run.path
    threads = torch.get_num_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    session = prepare(TrainOptions(from_run=path, run=tmp_path / "child", steps=1))
    assert any(line.startswith(f"threads: {threads} in {path}, 3 here") for line in session.lines)
