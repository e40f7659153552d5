"""Atomic writing: a file or directory is complete or absent, whenever the process is killed.

A full disk raises `OSError` here; callers turn it into a message of what has been saved.
"""

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from honmono.errors import Refused


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write into, which replaces `path` at the end; if writing fails, the old file stays."""
    temporary = _temporary_path(path)
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    fsync_directory(path.parent)


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Writes `data` to `path` atomically."""
    with atomic_file(path) as file:
        file.write(data)


@contextmanager
def atomic_directory(path: Path, named: Callable[[], Path] | None = None) -> Iterator[Path]:
    """A new directory to write into, which becomes `path` at the end, or is removed if writing fails.

    If another process completes `path` first, that one stays. named: gives, at the end, another path in the same
    directory to become.
    """
    temporary = _temporary_path(path)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        fsync_directory(temporary)
        path = named() if named else path
        try:
            os.rename(temporary, path)
        except OSError:
            if not path.is_dir():
                raise
        fsync_directory(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_directory(path: Path) -> None:
    """Removes a directory; it is renamed first, so that it is never found under its name with parts missing."""
    temporary = _temporary_path(path)
    os.rename(path, temporary)
    shutil.rmtree(temporary, ignore_errors=True)


def partial(directory: Path, name: str = "*") -> list[Path]:
    """Temporary files and directories that killed processes left in a directory, of all names or of `name`."""
    return list(directory.glob(f".{name}.*.partial"))


def remove_partial(directory: Path, name: str = "*") -> None:
    """Removes the temporary files and directories that `partial` finds."""
    for leftover in partial(directory, name):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Writes strict JSON, atomically. NaN and infinities raise `ValueError`: use null or a string instead."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    atomic_write_bytes(path, as_utf8(text + "\n"))


def readable(name: str) -> str:
    r"""A file name as printable text: a byte that is not UTF-8 becomes `\xe9`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def as_utf8(text: str) -> bytes:
    r"""Text as valid UTF-8; surrogates, from file names that are not UTF-8, become `\udce9`, which JSON can read
    back."""
    return text.encode("utf-8", "backslashreplace")


def refuse_unwritable(folder: Path, fix: str) -> None:
    """Raises `Refused` where nothing can be written into a folder, existing or to be created.

    fix: the end of the message: what the user can do.
    """
    existing = next((path for path in (folder, *folder.parents) if os.path.exists(path)), Path())
    if not existing.is_dir():
        raise Refused(f"cannot write into '{folder}': '{existing}' is a file: {fix}")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise Refused(f"cannot write into '{existing}', which is read-only: {fix}")


def fsync_directory(path: Path) -> None:
    """Makes renames in a directory durable: they are on the disk only after the directory has been synced."""
    if os.name == "nt":  # Windows cannot open a directory, and orders renames itself
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary_path(path: Path) -> Path:
    """A unique path in the same directory, which `partial` finds."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
