"""A file of JSON lines in a run directory, each about one step: appended whole, and removed from a step on."""

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import Any

from honmono.errors import Failed
from honmono.files import atomic_write_bytes, fsync_directory


Line = dict[str, Any]
LONGEST_LINE = 2**16  # bytes at the end of a file in which its last line is looked for


class JsonLines:
    """The lines of one file; there is no file before the first line.

    step: the field with a line's step.
    Writing raises `Failed` when the disk is full, and `ValueError` for a value that is not strict JSON.
    """

    def __init__(self, path: Path, step: str = "step") -> None:
        self._path, self._step = path, step

    def append(self, lines: Sequence[Mapping[str, Any]], sync: bool = False) -> None:
        """Adds lines; first removes an incomplete one that a killed process left.

        sync: whether to flush them to the disk, as `sync` does.
        """
        data = b"".join((json.dumps(line, allow_nan=False) + "\n").encode() for line in lines)
        with write_errors(self._path), open(self._path, "a+b", buffering=0) as file:
            if _last_byte(file) not in (b"", b"\n"):
                file.truncate(self._path.read_bytes().rfind(b"\n") + 1)
            write_whole(file, data)
        if sync:
            self.sync()

    def sync(self) -> None:
        """Flushes the lines to the disk."""
        with write_errors(self._path):
            if self._path.exists():
                with open(self._path, "rb") as file:
                    os.fsync(file.fileno())
                fsync_directory(self._path.parent)

    def read(self) -> list[Line]:
        """The complete lines, in order, without those that are no objects with a step."""
        return [line for _, line in self._texts()]

    def newest(self) -> Line | None:
        """The last complete line, read from the end of the file; None where there is none."""
        if not self._path.exists():
            return None
        with open(self._path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LONGEST_LINE))
            texts = file.read().split(b"\n")[:-1]
        return next((line for text in reversed(texts) if (line := self._value(text)) is not None), None)

    def truncate(self, step: float = math.inf) -> None:
        """Removes the lines of later steps, and those that `read` omits."""
        kept = b"".join(text + b"\n" for text, line in self._texts() if line[self._step] <= step)
        if self._path.exists() and self._path.read_bytes() != kept:
            with write_errors(self._path):
                atomic_write_bytes(self._path, kept)

    def _texts(self) -> Iterator[tuple[bytes, Line]]:
        """Every complete line as its text and its value."""
        for text in self._path.read_bytes().split(b"\n")[:-1] if self._path.exists() else ():
            if (line := self._value(text)) is not None:
                yield text, line

    def _value(self, text: bytes) -> Line | None:
        """A line's value; None where it is no object with a step."""
        try:
            line = json.loads(text)
        except ValueError:
            return None
        return line if isinstance(line, dict) and isinstance(line.get(self._step), int) else None


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turns a full disk into a `Failed` that says what is safe."""
    try:
        yield
    except OSError as error:
        safe = f"the run's checkpoints are intact: free some space, then honmono train --resume {path.parent}"
        raise Failed(f"cannot write '{path}': {error.strerror}; {safe}") from error


def write_whole(file: RawIOBase, data: bytes) -> None:
    """Writes all of the data: the operating system may write less at once."""
    while data:
        data = data[file.write(data) or 0 :]


def _last_byte(file: RawIOBase) -> bytes:
    """The last byte of a file; b"" of an empty one."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(end - 1, 0))
    return file.read(1) or b""
