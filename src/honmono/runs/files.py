"""Writing files so that they are whole or absent, whenever the process dies.

A full disk raises `OSError` here; the callers know what is safe and say so.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a new file through to the disk. Not atomic: for a directory that is renamed once whole."""
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Puts `data` at `path` at once: written beside, fsynced, renamed. The old one stays until then."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        write_bytes(beside, data)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    fsync_directory(path.parent)


def partial(directory: Path) -> list[Path]:
    """What the atomic writes of a killed process left in a directory."""
    return list(directory.glob(".*.partial"))


def sweep_partial(directory: Path) -> None:
    """Clears that away."""
    for leftover in partial(directory):
        leftover.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Writes strict JSON, atomically. NaN and infinities raise `ValueError`: say null or a string instead."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    atomic_write_bytes(path, (text + "\n").encode())


def fsync_directory(path: Path) -> None:
    """Makes the names in a directory durable: a rename is not on the disk before its directory is."""
    if os.name == "nt":  # Windows cannot open a directory and orders renames by itself
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
