"""`export`: files without their run, and what is refused."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import honmono


Command = Callable[..., Any]


def test_weights_are_sampled_from_like_a_run(call: Command, refused: Callable[..., str], run: Path) -> None:
    said = call("export", run, "--to", "safetensors", "--out", "new/digits")
    assert (said.code, said.out, said.err) == (0, "new/digits\n", "")
    assert call("sample", "new/digits", "--num", 4).out == "new/digits/samples.png\n"
    assert honmono.load("new/digits").sample(3).equal(honmono.load(run).sample(3))
    assert "it exists" in refused("export", run, "--to", "safetensors", "--out", "new/digits")


def test_a_file_for_other_programs(call: Command, run: Path) -> None:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)
    said = call("export", run, "--to", "onnx", "--out", "digits.onnx", "--batch-norm", "identity")
    assert (said.code, said.out, said.err) == (0, "digits.onnx\n", "")


def test_what_is_refused(refused: Callable[..., str], run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "give a run directory" in refused("export")
    assert "--to pickle: give one of onnx, safetensors, page" in refused("export", run, "--to", "pickle")
    assert "give a .onnx file" in refused("export", run, "--out", "digits.pb")
    assert "--sampler-steps: not for this run" in refused("export", run, "--sampler-steps", 3)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as where it is not installed
    assert "onnxruntime: pip install 'honmono[onnx]'" in refused("export", run, "--out", "digits.onnx")
