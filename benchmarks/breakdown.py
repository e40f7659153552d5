"""Where the time of a training step goes on the CPU: milliseconds by kind of work, from torch's profiler."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from torch.profiler import ProfilerActivity, profile


PARTS: tuple[str, ...] = (
    "convolution forward",
    "convolution backward",
    "matrix products",
    "normalisation",
    "optimizer",
    "data",
    "other operators",
    "Python",
)
# Work within these ranges of the profiler is theirs, their Python too.
RANGES = {"Optimizer.": "optimizer", "enumerate(DataLoader)": "data"}
# Otherwise the first of these that is in an operator's name says what it is; an index that is looked up and torch's
# random numbers are data.
OPERATORS = {
    "convolution_backward": "convolution backward",
    "conv": "convolution forward",
    "batch_norm": "normalisation",
    "addmm": "matrix products",
    "::mm": "matrix products",
    "bmm": "matrix products",
    "linear": "matrix products",
    "aten::index": "data",
    "rand": "data",
    "normal": "data",
    "uniform": "data",
}


def breakdown(step: Callable[[], Any], steps: int) -> dict[str, float]:
    """Milliseconds of one step by kind of work; "Python" is the time that is in no operator, NumPy's draws included.

    The profiler makes every operator and so Python's share larger: compare the parts of one table, not these
    milliseconds with those of a step without it.
    """
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        start = time.perf_counter()
        for _ in range(steps):
            step()
        seconds = time.perf_counter() - start
    spent = dict.fromkeys(PARTS, 0.0)
    for event in profiled.events() or ():
        spent[part_of(event)] += event.self_cpu_time_total / 1e3
    spent["Python"] = max(seconds * 1e3 - sum(spent.values()), 0.0)
    return {part: round(milliseconds / steps, 3) for part, milliseconds in spent.items()}


def part_of(event: Any) -> str:
    """The kind of work of one of the profiler's events."""
    for name in _names(event):
        for start, part in RANGES.items():
            if name.startswith(start):
                return part
    return next((part for name, part in OPERATORS.items() if name in event.name), "other operators")


def _names(event: Any) -> Iterator[str]:
    while event is not None:
        yield event.name
        event = event.cpu_parent
