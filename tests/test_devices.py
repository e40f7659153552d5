"""Devices and precision are chosen, or refused in a line; where nothing can be compiled, a line says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from honmono.devices import (
    choose,
    choose_compile,
    cpu_gains_by_bf16,
    cpu_gains_by_channels_last,
    faster_layout,
    from_record,
    gains_by_bf16,
    has_bf16,
    is_first_process,
    recorded,
)
from honmono.errors import Refused


NO_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason="here CUDA compiles")


def test_a_processor_compiles_only_where_asked() -> None:
    for wanted, device in (("auto", "cpu"), ("off", "cpu"), ("off", "cuda")):
        assert choose_compile(wanted, device) == "off"
    with pytest.raises(Refused, match="expected one of auto, off, losses"):
        choose_compile("maybe", "cpu")


@NO_CUDA
def test_the_automatic_choice_goes_on_uncompiled_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("WORLD_SIZE", "2")
        patch.setenv("RANK", "1")  # the first process says it
        assert choose_compile("auto", "cuda") == "off"
    with pytest.warns(UserWarning, match="without compilation.*CUDA"):
        assert choose_compile("auto", "cuda") == "off"


@NO_CUDA
def test_what_was_asked_for_is_refused_in_a_line() -> None:
    with pytest.raises(Refused, match="^--compile on: .*--compile off$"):
        choose_compile("on", "cuda")


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
from honmono.devices import Choices, compilation_errors_as_failed
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer

recipe = find("gan-grid").make()
trainer = Trainer(recipe, recipe.data.open(), Engine(Choices("cpu", "fp32", "losses", 1, 1)))
try:
    with compilation_errors_as_failed("losses"):
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


def test_automatic_choices_are_written_out_and_equal_for_equal_calls() -> None:
    chosen = choose("cpu")
    assert chosen == choose("cpu") and chosen.precision in ("fp32", "bf16")
    assert chosen.compile == "off"  # on a CPU only when asked for
    assert choose("cpu", "auto", "on", "fp64").precision == "fp64"
    assert choose("cpu", "bf16", recipe_precision="fp32").precision == "bf16"
    assert recorded(chosen)["threads"] == torch.get_num_threads()


@pytest.mark.parametrize(
    ("amx", "name", "gains"),
    [
        (False, "AMD EPYC", True),
        (False, "Intel Xeon", False),  # half of float32's rate there
        (True, "Intel Xeon", True),
    ],
)
def test_bf16_is_faster_on_some_processors_that_have_it(amx: bool, name: str, gains: bool) -> None:
    assert cpu_gains_by_bf16(amx, name) == gains


@pytest.mark.parametrize(
    ("capability", "name", "gains"),
    [
        ("AVX2", "AMD EPYC", True),
        ("AVX2", "Intel Xeon", True),
        ("AVX512", "AMD EPYC", True),
        ("AVX512", "Intel Xeon", False),
        ("DEFAULT", "", False),
    ],
)
def test_channels_last_is_faster_in_float32_on_some_processors(capability: str, name: str, gains: bool) -> None:
    assert cpu_gains_by_channels_last(capability, name) == gains


def test_bf16_is_the_default_only_where_it_is_faster() -> None:
    assert choose("cpu").precision == ("bf16" if gains_by_bf16("cpu") else "fp32")
    assert has_bf16("cpu") or not gains_by_bf16("cpu")  # emulated, it is far slower


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("tpu",), "--device tpu: expected auto, cpu, cuda, cuda:N or mps"),
        (("cpu", "fp16"), "--precision fp16: expected one of auto, fp32, bf16, fp64"),
        (("cpu", "fp32", "yes"), "--compile yes: expected one of auto, off, losses"),
    ],
)
def test_what_there_is_not_is_refused(call: tuple[str, ...], says: str) -> None:
    with pytest.raises(Refused, match=says):
        choose(*call)


@pytest.mark.parametrize(("device", "there"), [("cuda", torch.cuda.is_available()), ("mps", torch.mps.is_available())])
def test_a_device_that_is_missing_is_refused(device: str, there: bool) -> None:
    if not there:
        with pytest.raises(Refused, match=f"--device {device}: .* no {device}"):
            choose(device)


@pytest.mark.parametrize("device", ["cpu:x", "cpu:7", "gpu", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(Refused, match=f"--device {device}: "):
        choose(device)


def test_several_processes_are_refused_one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(Refused, match="--device cuda or cpu"):
        choose("cpu:0")


@pytest.mark.parametrize(
    ("world", "rank", "first"),
    [(None, None, True), (None, "1", True), ("1", "3", True), ("2", "0", True), ("2", "1", False)],
)
def test_a_rank_counts_only_among_several_processes(
    monkeypatch: pytest.MonkeyPatch, world: str | None, rank: str | None, first: bool
) -> None:
    for name, value in (("WORLD_SIZE", world), ("RANK", rank)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert is_first_process() == first


def test_a_layout_is_as_given_or_follows_from_precision_and_networks() -> None:
    assert choose("cpu", "bf16").layout == "auto"
    assert choose("cpu", "bf16", layout="contiguous").layout == "contiguous"
    assert faster_layout("cpu", "bf16", group_norm=False) == "channels-last"
    assert (
        faster_layout("cpu", "bf16", group_norm=True) == faster_layout("cpu", "fp64", group_norm=False) == "contiguous"
    )
    assert faster_layout("cuda", "bf16", group_norm=True) == "channels-last"
    with pytest.raises(Refused, match="--layout wide: expected one of auto, contiguous, channels-last"):
        choose("cpu", layout="wide")


def test_records_of_earlier_versions_are_read() -> None:
    early = {"device": "cpu", "processes": 1, "threads": 2}
    for precision, compiled, layout in (("fp32", True, "contiguous"), ("bf16", False, "channels-last")):
        choices = from_record({**early, "precision": precision, "compile": compiled})
        assert choices.compile == ("losses" if compiled else "off") and choices.layout == layout
        assert from_record(recorded(choices)) == choices
