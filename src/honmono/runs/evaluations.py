"""metrics.jsonl: one line for each evaluation of a run, during training or later, with its protocol.

A line has the evaluated `run` and `checkpoint` (a step), the `step`, the `images` seen, the `seconds` of the
evaluation, the `time`, whether it was made `during_training`, the `metrics` by key, with several sample seeds their
`intervals` (95%), and the `protocol`. Lines made during training also have `best_by`: the keys by which the best
checkpoint is selected, each with its better direction; the first decides, the others break ties. And `warnings`, if
there are any: the kinds of active warnings ("collapse", ...); a checkpoint with a warning is never the best.
JSON has no NaN and no infinity: such a number is null among the metrics, and text in a protocol.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from filelock import FileLock

from honmono.runs.directory import RunDirectory
from honmono.runs.json_lines import JsonLines, Line
from honmono.runs.protocols import Protocol, record_of, upgrade


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
    """The line of an evaluation.

    best_by: during training, the keys by which the best checkpoint is selected; None later.
    warnings: the kinds of active warnings, during training.
    """
    made = {
        "run": run.path.resolve().name,
        "checkpoint": checkpoint,
        "step": checkpoint,
        "images": images,
        "seconds": round(seconds, 3),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "during_training": best_by is not None,
        "metrics": {key: _finite_or_none(value) for key, value in metrics.items()},
    }
    if best_by is not None:
        made["best_by"] = dict(best_by)
    if warnings:
        made["warnings"] = list(warnings)
    if intervals:
        made["intervals"] = {key: [_finite_or_none(end) for end in ends] for key, ends in intervals.items()}
    return made | {"protocol": protocol}


def append(run: RunDirectory, line: Line) -> None:
    """Appends a line and flushes it to disk; first removes an incomplete line that a killed process left.

    Raises `Failed` when the disk is full, `ValueError` for a value that is not strict JSON.
    """
    run.path.mkdir(parents=True, exist_ok=True)  # of a model of the hub there is no directory yet
    with _lock(run):
        _lines(run).append([line], sync=True)


def read(run: RunDirectory) -> list[Line]:
    """Every evaluation, in the order of the file. Skips incomplete lines and lines that are no evaluations."""
    return [upgraded for line in _lines(run).read() if (upgraded := _upgrade(line)) is not None]


def truncate(run: RunDirectory, step: int) -> None:
    """Removes the lines of checkpoints after `step`, the step from which training resumes."""
    if run.metrics_jsonl.exists():
        with _lock(run):
            _lines(run).truncate(step)


def best(run: RunDirectory, among: Collection[int] | None = None) -> int | None:
    """The step of the best checkpoint, by the evaluations during training; None where there is none.

    The newest line has the keys to compare by. Lines with a warning, and lines that are not comparable with the newest,
    do not count. Of equal checkpoints the later is the best.
    among: the steps to choose from; None: those with a checkpoint.
    """
    lines = of_training(run)
    by = lines[-1]["best_by"] if lines else {}
    without_warning = [line for line in _candidates(run, among) if not line.get("warnings")]
    return max(((_rank(line, by), line["checkpoint"]) for line in without_warning), default=(None, None))[1]


def why_no_best(run: RunDirectory, among: Collection[int] | None = None) -> str:
    """Why `best` found none, for a message."""
    if not of_training(run):
        return "nothing was measured during training"
    candidates = _candidates(run, among)
    if not candidates:
        return "no saved checkpoint has a number by which it could be the best"
    kinds = ", ".join(dict.fromkeys(str(kind) for line in candidates for kind in line.get("warnings", ())))
    which = (
        "its one measured checkpoint" if len(candidates) == 1 else f"each of its {len(candidates)} measured checkpoints"
    )
    return f"{which} had a warning ({kinds})"


def _candidates(run: RunDirectory, among: Collection[int] | None) -> list[Line]:
    """The lines of saved checkpoints that are comparable by the newest line's first key."""
    lines = of_training(run)
    by = lines[-1]["best_by"] if lines else {}
    steps = run.checkpoint_steps() if among is None else among
    return [line for line in comparable(lines, next(iter(by), "")) if line["checkpoint"] in steps]


def of_training(run: RunDirectory) -> list[Line]:
    """The evaluations during training, in the order of the file."""
    lines = [line for line in read(run) if line.get("during_training") and isinstance(line.get("best_by"), dict)]
    return [line for line in lines if isinstance(line.get("images"), int)]


def comparable(lines: Sequence[Line], key: str) -> list[Line]:
    """The lines with a value of this key that is comparable with that of the newest such line."""
    having = [line for line in lines if line["metrics"].get(key) is not None]
    conditions = [record_of(key, line["protocol"])["conditions"] for line in having]
    return [line for line, own in zip(having, conditions, strict=True) if own == conditions[-1]]


def is_detail(key: str) -> bool:
    """Whether a key is a part of another one, as `label_fidelity[mnist].7`: most tables omit these."""
    return "]." in key


def _rank(line: Line, best_by: Mapping[str, str]) -> tuple[float, ...]:
    """The numbers to compare lines by, in order of priority, with signs so that higher is better."""
    signs = {"higher": 1.0, "lower": -1.0}
    values = [(line["metrics"].get(key), signs[better]) for key, better in best_by.items()]
    return tuple(-math.inf if value is None else sign * value for value, sign in values)


def _upgrade(line: Line) -> Line | None:
    """An evaluation with its protocol in the present format; None where the line is something else."""
    try:
        line["protocol"] = upgrade(line["protocol"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return line if isinstance(line.get("metrics"), dict) else None


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _lines(run: RunDirectory) -> JsonLines:
    return JsonLines(run.metrics_jsonl, step="checkpoint")


def _lock(run: RunDirectory) -> FileLock:
    """A lock for changes of the file: a run may be evaluated while it trains."""
    return FileLock(run.path / ".metrics.lock")
