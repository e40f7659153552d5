"""Checkpoints: safetensors and JSON with checksums, written to a temporary directory, fsynced and renamed."""

import errno
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from honmono.errors import Failed
from honmono.files import atomic_directory, atomic_write_bytes, remove_directory, remove_partial, write_json


Tensors = Mapping[str, Mapping[str, Tensor]]


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint: groups of tensors by name (players, averages, optimizers), and JSON state."""

    path: Path
    tensors: dict[str, dict[str, Tensor]]
    state: dict[str, Any]


def write(
    directory: Path, step: int, tensors: Tensors, state: Mapping[str, Any], keep: int, best: int | None = None
) -> Path:
    """Writes `directory/<step, nine digits>`, then removes older checkpoints.

    keep: how many of the newest to keep; 0: all.
    best: the step of a checkpoint to keep in any case.
    The previous checkpoint is intact until the rename at the end. Raises `Failed` when the disk is full.
    """
    final = directory / f"{step:09d}"
    if final.exists():
        return final
    sweep(directory)
    previous = newest(directory)
    try:
        with atomic_directory(final) as temporary:
            checksums = {}
            for group, members in tensors.items():
                data = save({name: _cpu_copy(tensor) for name, tensor in members.items()})
                atomic_write_bytes(temporary / f"{group}.safetensors", data)
                checksums[f"{group}.safetensors"] = hashlib.sha256(data).hexdigest()
            write_json(temporary / "state.json", {**state, "step": step, "checksums": checksums})
    except OSError as error:
        raise Failed(_save_failed_message(error, directory, step, previous)) from error
    _prune(directory, keep, best)
    return final


def sweep(directory: Path, after: int | None = None) -> None:
    """Removes what a killed process left partly written or partly removed.

    after: the step from which training resumes; damaged checkpoints of later steps are removed too.
    """
    for step in steps(directory):
        if after is not None and step > after:
            remove_directory(directory / f"{step:09d}")
    remove_partial(directory)


def steps(directory: Path) -> list[int]:
    """The steps with a checkpoint, intact or damaged, oldest first."""
    return sorted(int(path.name) for path in directory.glob("[0-9]" * 9))


def newest(directory: Path) -> Path | None:
    """The path of the newest checkpoint; None where there is none."""
    saved = steps(directory)
    return directory / f"{saved[-1]:09d}" if saved else None


def read(path: Path) -> Checkpoint:
    """Reads a checkpoint and verifies its checksums. Raises `Failed` where it is damaged."""
    try:
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        tensors = {}
        for name, checksum in state["checksums"].items():
            data = (path / name).read_bytes()
            if hashlib.sha256(data).hexdigest() != checksum:
                raise Failed(f"checkpoint {path} is damaged: the checksum of {name} does not match")
            tensors[name.removesuffix(".safetensors")] = load(data)
    except (OSError, KeyError, json.JSONDecodeError, SafetensorError) as error:
        raise Failed(f"checkpoint {path} is damaged: {error}") from error
    return Checkpoint(path, tensors, state)


def read_newest(directory: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest intact checkpoint, and a message for each newer, damaged one."""
    damaged = []
    for step in reversed(steps(directory)):
        try:
            return read(directory / f"{step:09d}"), damaged
        except Failed as failure:
            damaged.append(str(failure))
    return None, damaged


def _cpu_copy(tensor: Tensor) -> Tensor:
    """A copy on the CPU that shares no memory (safetensors refuses tied weights)."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _prune(directory: Path, keep: int, best: int | None) -> None:
    for step in steps(directory)[:-keep] if keep else []:
        if step != best:
            remove_directory(directory / f"{step:09d}")


def _save_failed_message(error: OSError, directory: Path, step: int, previous: Path | None) -> str:
    why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror
    safe = f"the checkpoint of step {int(previous.name)} is intact" if previous else "there is no checkpoint yet"
    advice = f"Free some space, then resume with honmono train --resume {directory.parent}"
    return f"step {step} could not be saved: {why}; {safe}. {advice}"
