"""Where nothing can be compiled, one line says so: a refusal where it was asked for, a warning where it was not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from honmono.devices import decide
from honmono.errors import Refused


NO_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason="here CUDA compiles")


def test_a_processor_compiles_only_where_asked() -> None:
    assert not decide("auto", "cpu") and not decide("off", "cpu") and not decide("off", "cuda")
    with pytest.raises(Refused, match="expected one of auto, on, off"):
        decide("maybe", "cpu")


@NO_CUDA
def test_the_automatic_choice_goes_on_uncompiled_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("RANK", "1")  # the first process says it
        assert not decide("auto", "cuda")
    with pytest.warns(UserWarning, match="going on uncompiled.*CUDA"):
        assert not decide("auto", "cuda")


@NO_CUDA
def test_what_was_asked_for_is_refused_in_a_line() -> None:
    with pytest.raises(Refused, match="^--compile on: .*--compile off$"):
        decide("on", "cuda")


def test_without_a_compiler_nothing_is_created(tmp_path: Path) -> None:
    environment = os.environ | {"CXX": "no-such-compiler", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    words = [sys.executable, "-m", "honmono", "train", "gan-grid", "--steps", "1", "--compile", "on"]
    run = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 2 and run.stdout == ""
    assert run.stderr.startswith("honmono: --compile on: ") and run.stderr.count("\n") == 1, run.stderr
    assert "no-such-compiler" in run.stderr and not (tmp_path / "runs").exists()


LATER = """
from torch._inductor import config

config.cpp.cxx = (None, "no-such-compiler")
from honmono.errors import Failed
from honmono.recipe.registry import find
from honmono.devices import failing_in_a_line
from honmono.training.engine import Choices, Engine
from honmono.training.trainer import Trainer

recipe = find("gan-grid").make()
trainer = Trainer(recipe, recipe.data.open(), Engine(Choices("cpu", "fp32", True, 1, 1)))
try:
    with failing_in_a_line(True):
        trainer.step()
except Failed as failure:
    print(failure)
"""


def test_a_compilation_that_fails_later_is_a_failure_in_a_line(tmp_path: Path) -> None:
    """In a process of its own: torch remembers for its whole life that it found no compiler."""
    environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    run = subprocess.run([sys.executable, "-c", LATER], env=environment, capture_output=True, text=True)
    assert "cannot be compiled" in run.stdout and "--compile off" in run.stdout, run.stderr
    assert run.stdout.count("\n") == 1
