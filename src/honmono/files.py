"""Writing files and directories so that they are whole or absent, whenever the process dies.

A full disk raises `OSError` here; the callers know what is safe and say so.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from honmono.errors import Refused


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write into, which is at `path` at once at the end. The old one stays until then, or if that fails."""
    beside = _beside(path)
    try:
        with open(beside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    fsync_directory(path.parent)


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Puts `data` at `path` at once."""
    with atomic_file(path) as file:
        file.write(data)


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """A new directory to write into, which becomes `path` at the end, or is removed if something fails.

    If another process has completed `path` in the meantime, that one stays.
    """
    beside = _beside(path)
    beside.mkdir(parents=True)
    try:
        yield beside
        fsync_directory(beside)
        try:
            os.rename(beside, path)
        except OSError:
            if not path.is_dir():
                raise
        fsync_directory(path.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def remove_directory(path: Path) -> None:
    """Removes a directory, which never stays half-removed under its own name."""
    beside = _beside(path)
    os.rename(path, beside)
    shutil.rmtree(beside, ignore_errors=True)


def partial(directory: Path, name: str = "*") -> list[Path]:
    """What a killed process left in a directory: of all that it wrote or removed there, or of `name` alone."""
    return list(directory.glob(f".{name}.*.partial"))


def remove_partial(directory: Path, name: str = "*") -> None:
    """Removes what `partial` finds."""
    for leftover in partial(directory, name):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
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


def _beside(path: Path) -> Path:
    """A name of its own in the same directory, which `partial` finds."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
