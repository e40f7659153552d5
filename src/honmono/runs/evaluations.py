"""metrics.jsonl: one line for each evaluation of a run, made while it trains or later, with its protocol.

A line says which `run` and `checkpoint` (a step) was judged, at which `step` and `images` (seen), `seconds` (what the
evaluation took), the `time`, whether it was made `during_training`, the `metrics` by key, their `intervals` (95%, over
sample seeds; where there were several) and the `protocol`. Lines made during training also hold `best_by`: the keys
that the best checkpoint is chosen by, each with the better direction; the first decides, the others break ties. And
`warnings`, where there are any: the kinds of those in force when it was made ("collapse", ...); such a checkpoint is
never the best.
JSON has no word for a number that is not finite: among the metrics it is null, in a protocol it is text.
"""

import json
import math
import os
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from filelock import FileLock

from honmono.errors import Failed
from honmono.files import atomic_write_bytes, fsync_directory
from honmono.runs.directory import RunDirectory
from honmono.runs.protocols import Protocol, record_of, translated


Line = dict[str, Any]


def line(
    run: RunDirectory,
    checkpoint: int,
    images: int | None,
    *,
    seconds: float,
    metrics: Mapping[str, float],
    intervals: Mapping[str, tuple[float, float]],
    protocol: Protocol,
    best_by: Mapping[str, str] | None = None,
    warnings: Sequence[str] = (),
) -> Line:
    """An evaluation as its line.

    best_by: given by a training, which chooses a best checkpoint; None elsewhere. warnings: the kinds of those in
    force, as a training knows them.
    """
    made = {
        "run": run.path.resolve().name,
        "checkpoint": checkpoint,
        "step": checkpoint,
        "images": images,
        "seconds": round(seconds, 3),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "during_training": best_by is not None,
        "metrics": {key: _strict(value) for key, value in metrics.items()},
    }
    if best_by is not None:
        made["best_by"] = dict(best_by)
    if warnings:
        made["warnings"] = list(warnings)
    if intervals:
        made["intervals"] = {key: [_strict(end) for end in ends] for key, ends in intervals.items()}
    return made | {"protocol": protocol}


def append(run: RunDirectory, line: Line) -> None:
    """Adds a line, durable once this returns, after clearing away one that a killed process left torn.

    Raises `Failed` when the disk is full, `ValueError` where the line holds what JSON does not.
    """
    data = (json.dumps(line, allow_nan=False) + "\n").encode()
    path = run.metrics_jsonl
    try:
        with _alone(run), open(path, "ab", buffering=0) as file:
            file.truncate(path.read_bytes().rfind(b"\n") + 1)
            if file.write(data) < len(data):
                raise Failed(f"cannot write '{path}': no room for a whole line")
            os.fsync(file.fileno())
            fsync_directory(run.path)
    except OSError as error:
        raise Failed(f"cannot write '{path}': {error.strerror}; the run's checkpoints are whole") from error


def read(run: RunDirectory) -> list[Line]:
    """Every evaluation in the order made; [] where there are none. What is torn or no evaluation is passed over."""
    return [line for _, line in _texts(run)]


def _texts(run: RunDirectory) -> list[tuple[bytes, Line]]:
    """Every evaluation as it is in the file, and read."""
    path = run.metrics_jsonl
    whole = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [(text, line) for text in whole if (line := _parse(text)) is not None]


def truncate(run: RunDirectory, step: int) -> None:
    """Takes away the lines of checkpoints after `step`, which a training that goes on from there makes again."""
    if not run.metrics_jsonl.exists():
        return
    with _alone(run):
        data = b"".join(text + b"\n" for text, line in _texts(run) if line["checkpoint"] <= step)
        if run.metrics_jsonl.read_bytes() != data:
            atomic_write_bytes(run.metrics_jsonl, data)


def best(run: RunDirectory, among: Collection[int] | None = None) -> int | None:
    """The step of the best checkpoint by what was measured during training; None where none was.

    The newest line says by which keys; only lines that can be compared are looked at, and none with a warning. Of
    equals the later is taken. among: the steps to choose from; None: those whose checkpoint is there.
    """
    lines = of_training(run)
    by = lines[-1]["best_by"] if lines else {}
    sound = [line for line in _candidates(run, among) if not line.get("warnings")]
    return max(((_rank(line, by), line["checkpoint"]) for line in sound), default=(None, None))[1]


def why_none_is_best(run: RunDirectory, among: Collection[int] | None = None) -> str:
    """Why `best` found none, in words."""
    if not of_training(run):
        return "nothing was measured during training"
    candidates = _candidates(run, among)
    if not candidates:
        return "no checkpoint that is there has a number by which it is better than another"
    kinds = ", ".join(dict.fromkeys(str(kind) for line in candidates for kind in line.get("warnings", ())))
    which = (
        "its one measured checkpoint" if len(candidates) == 1 else f"each of its {len(candidates)} measured checkpoints"
    )
    return f"a warning concerns {which} ({kinds})"


def _candidates(run: RunDirectory, among: Collection[int] | None) -> list[Line]:
    """The lines of checkpoints that are there, as far as they can be compared by the newest line's first key."""
    lines = of_training(run)
    by = lines[-1]["best_by"] if lines else {}
    steps = run.checkpoint_steps() if among is None else among
    return [line for line in comparable(lines, next(iter(by), "")) if line["checkpoint"] in steps]


def of_training(run: RunDirectory) -> list[Line]:
    """What was measured during training, in the order of its steps."""
    lines = [line for line in read(run) if line.get("during_training") and isinstance(line.get("best_by"), dict)]
    return [line for line in lines if isinstance(line.get("images"), int)]


def comparable(lines: Sequence[Line], key: str) -> list[Line]:
    """The lines with a value for a key, as far as it is comparable with that of the newest of them."""
    having = [line for line in lines if line["metrics"].get(key) is not None]
    conditions = [record_of(key, line["protocol"])["conditions"] for line in having]
    return [line for line, own in zip(having, conditions, strict=True) if own == conditions[-1]]


def is_detail(key: str) -> bool:
    """Whether a key is a part of another, as `label_fidelity[mnist].7` is: for metrics.jsonl, not for tables."""
    return "]." in key


def _rank(line: Line, best_by: Mapping[str, str]) -> tuple[float, ...]:
    """The numbers that a line is judged by, the first first, higher always better."""
    signs = {"higher": 1.0, "lower": -1.0}
    values = [(line["metrics"].get(key), signs[better]) for key, better in best_by.items()]
    return tuple(-math.inf if value is None else sign * value for value, sign in values)


def _parse(text: bytes) -> Line | None:
    try:
        line = json.loads(text)
        line["protocol"] = translated(line["protocol"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return line if isinstance(line.get("checkpoint"), int) and isinstance(line.get("metrics"), dict) else None


def _strict(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _alone(run: RunDirectory) -> FileLock:
    """Held while the file changes: a run may be evaluated while it trains."""
    return FileLock(run.path / ".metrics.lock")
