"""The numbers of a run in a comparison: those of one checkpoint, each with its protocol."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, Literal

from honmono.errors import Refused, first_of
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.evaluations import Line
from honmono.runs.protocols import Record, record_of


Which = Literal["newest", "best"]
UNKNOWN = "–"  # in tables, for missing values
MOST_NAMED = 3  # runs in one message


@dataclass(frozen=True)
class Number:
    """One measured number of a run.

    value: NaN where it was not finite.
    interval: 95%, over sample seeds; None with one seed.
    record: how it was measured, as in `honmono.runs.protocols`.
    """

    value: float
    interval: tuple[float, float] | None
    record: Record

    @property
    def half(self) -> float | None:
        """Half the width of the interval; None without finite ends."""
        half = (self.interval[1] - self.interval[0]) / 2 if self.interval else math.nan
        return half if math.isfinite(half) else None


@dataclass(frozen=True)
class Numbers:
    """The numbers of one checkpoint of a run.

    checkpoint: its step.
    images: seen until then; None where the lines do not have it.
    during_training: whether they were measured during training, since the run was not evaluated later.
    seconds: duration of the evaluations.
    numbers: by key.
    notes: of the evaluations.
    """

    checkpoint: int
    images: int | None
    during_training: bool
    seconds: float | None
    numbers: Mapping[str, Number]
    notes: Sequence[str] = ()

    def sampled(self, field: str) -> str:
        """A field of how the fakes were generated, as `weights`; all values, where the numbers have several."""
        values = [number.record["context"].get(f"fakes.{field}") for number in self.numbers.values()]
        return ", ".join(dict.fromkeys(str(value) for value in values if value is not None)) or UNKNOWN


def read(runs: Sequence[RunDirectory], which: Which) -> list[Numbers]:
    """The numbers of each run. Raises `Refused` where a run has none, naming the command that measures it."""
    lines = [evaluations.read(run) for run in runs]
    if missing := [run.path for run, own in zip(runs, lines, strict=True) if not own]:
        verb = "is" if len(missing) == 1 else "are"
        raise Refused(
            f"{first_of(missing, MOST_NAMED)} {verb} not measured yet: run `honmono evaluate {missing[0]}` first"
        )
    return [_numbers(run, own, which) for run, own in zip(runs, lines, strict=True)]


def at_step(run: RunDirectory, step: int) -> Numbers | None:
    """The numbers of one checkpoint, by evaluations after training or else during it; None where it has none."""
    lines = [line for line in evaluations.read(run) if line["checkpoint"] == step]
    later = [line for line in lines if not line.get("during_training")]
    return _of_checkpoint(later or lines, step, during_training=not later) if lines else None


def _numbers(run: RunDirectory, lines: Sequence[Line], which: Which) -> Numbers:
    """The numbers of evaluations after training, or of those during training where there are none."""
    later = [line for line in lines if not line.get("during_training")]
    own = later or lines
    step = _best(run, lines) if which == "best" else max(line["checkpoint"] for line in own)
    chosen = [line for line in own if line["checkpoint"] == step]
    if not chosen:
        raise Refused(
            f"{run.path} was not evaluated at its best checkpoint, step {step}: run `honmono evaluate {run.path} "
            "--checkpoint best`, or omit --checkpoint best"
        )
    return _of_checkpoint(chosen, step, during_training=not later)


def _of_checkpoint(chosen: Sequence[Line], step: int, during_training: bool) -> Numbers:
    # Several lines may measure this checkpoint: the last line that has a number counts.
    line_of = {key: line for line in chosen for key in line["metrics"]}
    images = [line["images"] for line in chosen if isinstance(line.get("images"), int)]
    seconds = [line["seconds"] for line in chosen if line in line_of.values() and line.get("seconds") is not None]
    return Numbers(
        step,
        images=images[-1] if images else None,
        during_training=during_training,
        seconds=sum(seconds) if seconds else None,
        numbers={key: _number(line, key) for key, line in line_of.items()},
        notes=list(dict.fromkeys(str(note) for line in chosen for note in line.get("notes") or ())),
    )


def _best(run: RunDirectory, lines: Sequence[Line]) -> int:
    """The step of the best checkpoint during training, among the saved ones."""
    steps = run.checkpoint_steps() or {line["checkpoint"] for line in lines}
    best = evaluations.best(run, steps)
    if best is None:
        raise Refused(f"{run.path} has no best checkpoint: {evaluations.why_no_best(run, steps)}; omit --checkpoint")
    return best


def _number(line: Line, key: str) -> Number:
    ends = (line.get("intervals") or {}).get(key)
    interval = (_finite(ends[0]), _finite(ends[1])) if isinstance(ends, list) and len(ends) == 2 else None
    return Number(_finite(line["metrics"][key]), interval, record_of(key, line["protocol"]))


def _finite(value: Any) -> float:
    """A number of a line, where null means not finite."""
    return float(value) if isinstance(value, int | float) else math.nan


def mean_and_deviation(values: Sequence[float]) -> tuple[str, str]:
    """The mean of a number of several runs and, of two or more, ± their standard deviation, as text."""
    mean = fmean(values)
    digits = 1 if abs(mean) >= 100 else 2 if abs(mean) >= 10 else 3 if abs(mean) >= 0.1 else 4
    return f"{mean:.{digits}f}", f"± {stdev(values):.{digits}f}" if len(values) > 1 else ""
