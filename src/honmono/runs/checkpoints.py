"""Checkpoints that are complete or absent: safetensors and JSON, written beside, fsynced, renamed, checksummed."""

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
    """What a checkpoint holds: groups of tensors by name (players, averages, optimizers) and plain JSON state."""

    path: Path
    tensors: dict[str, dict[str, Tensor]]
    state: dict[str, Any]


def write(
    directory: Path, step: int, tensors: Tensors, state: Mapping[str, Any], keep: int, best: int | None = None
) -> Path:
    """Writes `directory/<step, nine digits>`, then removes all but the newest `keep` (0: none) and that of step `best`.

    Until the rename at the end the previous checkpoint is the newest. Raises `Failed` when the disk is full.
    """
    final = directory / f"{step:09d}"
    if final.exists():
        return final
    sweep(directory)
    previous = newest(directory)
    try:
        with atomic_directory(final) as beside:
            checksums = {}
            for group, members in tensors.items():
                data = save({name: _alone(tensor) for name, tensor in members.items()})
                atomic_write_bytes(beside / f"{group}.safetensors", data)
                checksums[f"{group}.safetensors"] = hashlib.sha256(data).hexdigest()
            write_json(beside / "state.json", {**state, "step": step, "checksums": checksums})
    except OSError as error:
        raise Failed(_lost(error, directory, step, previous)) from error
    _prune(directory, keep, best)
    return final


def sweep(directory: Path, after: int | None = None) -> None:
    """Clears away what a killed process left half-written or half-removed.

    after: training goes on from this step, and what a later checkpoint held, damaged, will be made again.
    """
    for step in steps(directory):
        if after is not None and step > after:
            remove_directory(directory / f"{step:09d}")
    remove_partial(directory)


def steps(directory: Path) -> list[int]:
    """The steps that have a checkpoint, whole or damaged, oldest first."""
    return sorted(int(path.name) for path in directory.glob("[0-9]" * 9))


def newest(directory: Path) -> Path | None:
    """The newest checkpoint, unread; None when there is none."""
    there = steps(directory)
    return directory / f"{there[-1]:09d}" if there else None


def read(path: Path) -> Checkpoint:
    """Reads a checkpoint and proves it by its checksums; raises `Failed` when it is damaged."""
    try:
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        tensors = {}
        for name, checksum in state["checksums"].items():
            data = (path / name).read_bytes()
            if hashlib.sha256(data).hexdigest() != checksum:
                raise Failed(f"checkpoint {path} is damaged: {name} does not have its checksum")
            tensors[name.removesuffix(".safetensors")] = load(data)
    except (OSError, KeyError, json.JSONDecodeError, SafetensorError) as error:
        raise Failed(f"checkpoint {path} is damaged: {error}") from error
    return Checkpoint(path, tensors, state)


def read_newest(directory: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that is whole, and a line for each newer one that was damaged and passed over."""
    damaged = []
    for step in reversed(steps(directory)):
        try:
            return read(directory / f"{step:09d}"), damaged
        except Failed as failure:
            damaged.append(str(failure))
    return None, damaged


def _alone(tensor: Tensor) -> Tensor:
    """A copy on the CPU that shares memory with none (safetensors refuses tied weights)."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _prune(directory: Path, keep: int, best: int | None) -> None:
    for step in steps(directory)[:-keep] if keep else []:
        if step != best:
            remove_directory(directory / f"{step:09d}")


def _lost(error: OSError, directory: Path, step: int, previous: Path | None) -> str:
    why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror
    safe = f"the checkpoint of step {int(previous.name)} is whole" if previous else "there is no checkpoint yet"
    mend = f"Make room and go on with honmono train --resume {directory.parent}"
    return f"step {step} could not be saved: {why}; {safe}. {mend}"
