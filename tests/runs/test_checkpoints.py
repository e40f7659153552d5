import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from honmono.errors import Failed
from honmono.runs import checkpoints
from honmono.runs.checkpoints import newest, read, read_newest, steps, sweep, write


def tensors(value: float = 1.0, size: int = 6) -> dict[str, dict[str, torch.Tensor]]:
    """Odd things that a training holds: a strided view, a scalar, integers, float64, bfloat16, an empty group."""
    ramp = torch.arange(size, dtype=torch.float32) * value
    return {
        "generator": {"last.weight": ramp.reshape(2, -1).t(), "step": torch.tensor(value)},
        "optimizer-generator": {"0.exp_avg": ramp.double(), "0.step": torch.tensor(3), "1": ramp.bfloat16()},
        "optimizer-discriminator": {},
    }


def assert_equal(one: dict[str, dict[str, torch.Tensor]], other: dict[str, dict[str, torch.Tensor]]) -> None:
    assert one.keys() == other.keys()
    for group, members in one.items():
        assert members.keys() == other[group].keys()
        for name, tensor in members.items():
            assert tensor.dtype == other[group][name].dtype and torch.equal(tensor, other[group][name])


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: a write that fails for real."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "checkpoints", 12, tensors(), {"images": 96, "seconds": 1.5}, keep=3)
    assert path.name == "000000012"
    saved = read(path)
    assert_equal(saved.tensors, tensors())
    assert (saved.path, saved.state["step"], saved.state["images"], saved.state["seconds"]) == (path, 12, 96, 1.5)


def test_tensors_that_share_memory_or_have_another_layout_are_written(tmp_path: Path) -> None:
    weight = torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last)
    tied = {"generator": {"one": weight, "other": weight, "part": weight[0, 0]}}
    assert_equal(read(write(tmp_path, 1, tied, {}, keep=1)).tensors, tied)


def test_nothing_in_it_is_pickled(tmp_path: Path) -> None:
    files = sorted(file.name for file in write(tmp_path, 1, tensors(), {}, keep=1).iterdir())
    assert files == [
        *("generator.safetensors", "optimizer-discriminator.safetensors", "optimizer-generator.safetensors"),
        "state.json",
    ]


@pytest.mark.parametrize(("keep", "left"), [(1, [9]), (2, [6, 9]), (0, [3, 6, 9])])
def test_the_newest_are_kept(tmp_path: Path, keep: int, left: list[int]) -> None:
    for step in (3, 6, 9):
        write(tmp_path, step, tensors(step), {}, keep)
    assert steps(tmp_path) == left and newest(tmp_path) == tmp_path / "000000009"
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{step:09d}" for step in left]


@pytest.mark.parametrize(("best", "left"), [(3, [3, 9]), (9, [9]), (4, [9]), (None, [9])])
def test_the_best_is_kept_besides(tmp_path: Path, best: int | None, left: list[int]) -> None:
    for step in (3, 6, 9):
        write(tmp_path, step, tensors(step), {}, keep=1, best=best)
    assert steps(tmp_path) == left
    write(tmp_path, 12, tensors(), {}, keep=1, best=12)  # a better one has come
    assert steps(tmp_path) == [12]


def test_where_there_is_none(tmp_path: Path) -> None:
    assert newest(tmp_path) is None and read_newest(tmp_path) == (None, [])


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a flipped bit": lambda path: flip(path / "generator.safetensors"),
    "a cut file": lambda path: os.truncate(path / "generator.safetensors", 20),
    "an empty file": lambda path: os.truncate(path / "optimizer-generator.safetensors", 0),
    "a missing file": lambda path: (path / "optimizer-generator.safetensors").unlink(),
    "no state": lambda path: (path / "state.json").unlink(),
    "half a state": lambda path: os.truncate(path / "state.json", 30),
    "a state of another kind": lambda path: None if (path / "state.json").write_text("{}") else None,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_passed_over_and_named(tmp_path: Path, damage: str) -> None:
    for step in (3, 6, 9):
        write(tmp_path, step, tensors(step), {}, keep=0)
    DAMAGES[damage](tmp_path / "000000009")
    saved, damaged = read_newest(tmp_path)
    assert saved is not None and saved.state["step"] == 6
    assert_equal(saved.tensors, tensors(6))
    assert len(damaged) == 1 and f"checkpoint {tmp_path / '000000009'} is damaged" in damaged[0]


def test_where_all_are_damaged_there_is_none(tmp_path: Path) -> None:
    for step in (3, 6):
        flip(write(tmp_path, step, tensors(), {}, keep=0) / "generator.safetensors")
    saved, damaged = read_newest(tmp_path)
    assert saved is None and len(damaged) == 2


def test_going_on_from_an_older_one_clears_away_what_was_damaged(tmp_path: Path) -> None:
    """Else the damaged one would count as the newest to keep, and stand in the way of the step made again."""
    for step in (3, 6):
        write(tmp_path, step, tensors(step), {}, keep=0)
    flip(tmp_path / "000000006" / "generator.safetensors")
    sweep(tmp_path, after=3)
    assert steps(tmp_path) == [3]
    write(tmp_path, 5, tensors(5), {}, keep=1)
    write(tmp_path, 6, tensors(6), {}, keep=1)
    saved, damaged = read_newest(tmp_path)
    assert saved is not None and saved.state["step"] == 6 and not damaged


def test_what_a_killed_process_left_is_never_read_and_is_swept(tmp_path: Path) -> None:
    write(tmp_path, 3, tensors(), {}, keep=3)
    for name in (".000000006.0a9c66a3.partial", ".000000001.a9c66a32.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "generator.safetensors").write_bytes(b"half")
    assert steps(tmp_path) == [3]
    write(tmp_path, 6, tensors(), {}, keep=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000003", "000000006"]
    (tmp_path / ".000000009.0a9c66a3.partial").mkdir()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000003", "000000006"]


@pytest.mark.parametrize("last", range(1, 11))
def test_a_full_disk_at_any_moment_leaves_the_previous_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    """The `last`-th time that something is made durable there is no room any more."""
    write(tmp_path, 3, tensors(3), {}, keep=1)
    calls = 0
    fsync = os.fsync

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == last:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Failed) as failure:
            write(tmp_path, 6, tensors(6), {}, keep=1)
    kept = steps(tmp_path)  # the new one too, where only its name could not be made durable
    assert "the disk is full; the checkpoint of step 3 is intact" in str(failure.value)
    assert "honmono train --resume" in str(failure.value)
    assert kept[0] == 3 and {path.name for path in tmp_path.iterdir()} == {f"{step:09d}" for step in kept}
    assert_equal(read(tmp_path / "000000003").tensors, tensors(3))
    write(tmp_path, 7, tensors(7), {}, keep=1)
    assert steps(tmp_path) == [7]


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    write(tmp_path, 3, tensors(), {}, keep=1)
    with largest_file(4_096), pytest.raises(Failed) as failure:
        write(tmp_path, 6, tensors(size=60_000), {}, keep=1)
    assert "File too large; the checkpoint of step 3" in str(failure.value)
    assert [path.name for path in tmp_path.iterdir()] == ["000000003"]


def test_without_a_previous_one_the_failure_says_so(tmp_path: Path) -> None:
    with largest_file(4_096), pytest.raises(Failed, match="there is no checkpoint yet"):
        write(tmp_path / "checkpoints", 6, tensors(size=60_000), {}, keep=1)
    assert checkpoints.newest(tmp_path / "checkpoints") is None
