"""Writing files so that they are whole or absent, whenever the process dies.

A full disk raises `OSError` here; the callers know what is safe and say so.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from honmono.errors import Refused


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
    atomic_write_bytes(path, as_utf8(text + "\n"))


def readable(name: str) -> str:
    r"""A name from the file system as text that can be written: a byte that is not UTF-8 becomes `\xe9`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def as_utf8(text: str) -> bytes:
    r"""Text as valid UTF-8 where a path in it is not: `\udce9` is JSON's escape, too, and reads back as it was."""
    return text.encode("utf-8", "backslashreplace")


def refuse_unwritable(folder: Path, mend: str) -> None:
    """Raises `Refused`, before there is anything to write, where nothing can be written into a folder, new or not."""
    there = next((path for path in (folder, *folder.parents) if os.path.exists(path)), Path())
    if not there.is_dir():
        raise Refused(f"cannot write into '{folder}': '{there}' is a file; {mend}")
    if not os.access(there, os.W_OK | os.X_OK):
        raise Refused(f"cannot write into '{there}', which is read-only here: {mend}")


def fsync_directory(path: Path) -> None:
    """Makes the names in a directory durable: a rename is not on the disk before its directory is."""
    if os.name == "nt":  # Windows cannot open a directory and orders renames by itself
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
