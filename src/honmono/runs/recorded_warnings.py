"""warnings.jsonl: the warnings of a training, a line each.

A line has the `step`, the `images` seen, the kind of `warning` ("collapse", "discriminator_won", "generator_won",
"memorised"), the `classes` concerned ([]: all), and the `text` as printed. A line with `over: true` instead of a text
ends the warning for these classes.
"""

import json
from collections.abc import Collection
from typing import Any

from honmono.errors import Failed
from honmono.files import atomic_write_bytes
from honmono.runs.directory import RunDirectory


Line = dict[str, Any]


def append(run: RunDirectory, step: int, images: int, warning: str, classes: Collection[str], text: str | None) -> None:
    """Adds a warning, or its end where `text` is None. Raises `Failed` when the disk is full."""
    line = {"step": step, "images": images, "warning": warning, "classes": [*classes]}
    _write(run, [*read(run), line | ({"over": True} if text is None else {"text": text})])


def read(run: RunDirectory) -> list[Line]:
    """Every line, in order."""
    path = run.warnings_jsonl
    parsed = (_parse(text) for text in path.read_bytes().split(b"\n")) if path.exists() else ()
    return [line for line in parsed if line is not None]


def truncate(run: RunDirectory, step: int) -> None:
    """Removes the lines after `step`, the step from which training resumes."""
    lines = read(run)
    kept = [line for line in lines if line["step"] <= step]
    if len(kept) < len(lines):
        _write(run, kept)


def active(run: RunDirectory) -> dict[str, list[str]]:
    """The kinds of warnings that have not ended, each with its classes."""
    found: dict[str, dict[str, None]] = {}
    for line in read(run):
        classes = dict.fromkeys(line["classes"])
        before = found.pop(line["warning"], {})
        if not line.get("over"):
            found[line["warning"]] = before | classes
        elif remaining := {name: None for name in before if name not in classes}:
            found[line["warning"]] = remaining
    return {warning: [*classes] for warning, classes in found.items()}


def _write(run: RunDirectory, lines: list[Line]) -> None:
    """Rewrites the file, atomically: it has few lines."""
    data = b"".join((json.dumps(line) + "\n").encode() for line in lines)
    try:
        atomic_write_bytes(run.warnings_jsonl, data)
    except OSError as error:
        safe = "the run's checkpoints are intact"
        raise Failed(f"cannot write '{run.warnings_jsonl}': {error.strerror}; {safe}") from error


def _parse(text: bytes) -> Line | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    needed = {"step": int, "warning": str, "classes": list}
    fits = isinstance(line, dict) and all(isinstance(line.get(name), kind) for name, kind in needed.items())
    return line if fits else None
