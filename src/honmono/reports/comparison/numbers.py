"""Which numbers represent a run: those of one checkpoint, each with how it was measured."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, Literal

from honmono.errors import Refused
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.evaluations import Line
from honmono.runs.protocols import Record, record_of


Which = Literal["newest", "best"]
UNKNOWN = "–"  # stands in a table for what is not known
MOST_NAMED = 3  # runs in one message


@dataclass(frozen=True)
class Number:
    """One number. value: NaN where it was not finite. interval: 95%, over sample seeds; None with one seed.

    record: how it was measured, as `honmono.runs.protocols` says.
    """

    value: float
    interval: tuple[float, float] | None
    record: Record

    @property
    def half(self) -> float | None:
        """Half the interval, where it has finite ends."""
        half = (self.interval[1] - self.interval[0]) / 2 if self.interval else math.nan
        return half if math.isfinite(half) else None


@dataclass(frozen=True)
class Numbers:
    """A run's numbers by key, at one checkpoint. images: seen until then, where the lines say so.

    during_training: whether they are the training's own, because nobody has evaluated the run since.
    seconds: what measuring took. notes: what was to be said beside the numbers.
    """

    checkpoint: int
    images: int | None
    during_training: bool
    seconds: float | None
    numbers: Mapping[str, Number]
    notes: Sequence[str] = ()

    def sampled(self, field: str) -> str:
        """How the fakes were made, `weights` say; all values, where the numbers have several."""
        values = [number.record["context"].get(f"fakes.{field}") for number in self.numbers.values()]
        return ", ".join(dict.fromkeys(str(value) for value in values if value is not None)) or UNKNOWN


def measured(runs: Sequence[RunDirectory], which: Which) -> list[Numbers]:
    """The numbers of each run. Raises `Refused` where one has none, with the command that makes them."""
    lines = [evaluations.read(run) for run in runs]
    if missing := [run.path for run, own in zip(runs, lines, strict=True) if not own]:
        verb = "is" if len(missing) == 1 else "are"
        raise Refused(f"{named(missing)} {verb} not measured yet: run `honmono evaluate {missing[0]}` first")
    return [_measured(run, own, which) for run, own in zip(runs, lines, strict=True)]


def _measured(run: RunDirectory, lines: Sequence[Line], which: Which) -> Numbers:
    """Of the evaluations that were asked for, else of the training's own."""
    asked = [line for line in lines if not line.get("during_training")]
    own = asked or lines
    step = _best(run, lines) if which == "best" else max(line["checkpoint"] for line in own)
    chosen = [line for line in own if line["checkpoint"] == step]
    if not chosen:
        raise Refused(
            f"{run.path} was not evaluated at its best checkpoint, step {step}: run `honmono evaluate {run.path} "
            "--checkpoint best`, or leave out --checkpoint best"
        )
    # Line after line, so that of one number the latest stands; others of the same checkpoint stay beside it.
    giver = {key: line for line in chosen for key in line["metrics"]}
    images = [line["images"] for line in chosen if isinstance(line.get("images"), int)]
    seconds = [line["seconds"] for line in chosen if line in giver.values() and line.get("seconds") is not None]
    return Numbers(
        step,
        images=images[-1] if images else None,
        during_training=not asked,
        seconds=sum(seconds) if seconds else None,
        numbers={key: _number(line, key) for key, line in giver.items()},
        notes=list(dict.fromkeys(str(note) for line in chosen for note in line.get("notes") or ())),
    )


def _best(run: RunDirectory, lines: Sequence[Line]) -> int:
    """The step that was best during training, of those that can still be evaluated."""
    steps = run.checkpoint_steps() or {line["checkpoint"] for line in lines}
    best = evaluations.best(run, steps)
    if best is None:
        raise Refused(
            f"{run.path} has no best checkpoint: {evaluations.why_none_is_best(run, steps)}; leave out --checkpoint"
        )
    return best


def _number(line: Line, key: str) -> Number:
    ends = (line.get("intervals") or {}).get(key)
    interval = (_finite(ends[0]), _finite(ends[1])) if isinstance(ends, list) and len(ends) == 2 else None
    return Number(_finite(line["metrics"][key]), interval, record_of(key, line["protocol"]))


def _finite(value: Any) -> float:
    """A number of a line, in which null stands for what is not finite."""
    return float(value) if isinstance(value, int | float) else math.nan


def spread(values: Sequence[float]) -> tuple[str, str]:
    """The mean of several trainings' numbers and, where there are two or more, ± their standard deviation."""
    mean = fmean(values)
    digits = 1 if abs(mean) >= 100 else 2 if abs(mean) >= 10 else 3 if abs(mean) >= 0.1 else 4
    return f"{mean:.{digits}f}", f"± {stdev(values):.{digits}f}" if len(values) > 1 else ""


def named(names: Sequence[object]) -> str:
    """The first of some names: "a, b, c and 3 more"."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(map(str, names[:MOST_NAMED])) + more
