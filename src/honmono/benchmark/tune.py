"""`honmono.tune`: which precision, layout, compilation and number of threads train a recipe fastest on this machine."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from honmono.benchmark.timing import after_warm_ups
from honmono.data.base import Dataset
from honmono.data.parallel import progress
from honmono.devices import Choices, gains_by_bf16, one_line
from honmono.errors import Failed, Refused
from honmono.recipe.value import Recipe
from honmono.training.choices import plain_choices, write_tuning
from honmono.training.engine import Engine
from honmono.training.options import TrainOptions, entry_of, recipe_for
from honmono.training.trainer import Trainer
from honmono.training.whole_steps.uncapturable import Uncapturable


BLOCKS = 5
BLOCK_SECONDS = 0.5
COMPARED = 3  # steps, in which roundings have not grown yet
TOLERANCE = {"fp32": 1e-3, "fp64": 1e-6, "bf16": 0.1}  # of losses, relative above 1 and absolute below
WORTH = 1.02  # times the plain path's speed, from which another one is taken


@dataclass(frozen=True)
class Tried:
    """One candidate. ratio: the plain path's time divided by its own; None where it was not timed. note: why not."""

    choices: Choices
    ms: float | None = None
    ratio: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Tuned:
    """What was tried, the plain path first, and the fastest of it, which `train` takes from now on."""

    tried: list[Tried]
    best: Tried


class Candidate:
    """A trainer with these choices, in a process where others have other numbers of threads."""

    def __init__(self, recipe: Recipe, dataset: Dataset, choices: Choices) -> None:
        self.engine = Engine(choices)
        self._trainer = Trainer(recipe, dataset, self.engine)
        self._trainer.capture()
        self.losses = [{name: float(loss) for name, loss in self._trainer.step().items()} for _ in range(COMPARED)]

    def seconds(self, steps: int) -> float:
        """Seconds of one step, as the mean of `steps` steps."""
        self.engine.use_threads()
        start = time.perf_counter()
        for _ in range(steps):
            self._trainer.step()
        self.engine.finish()
        return (time.perf_counter() - start) / steps


def tune(recipe: str | Recipe, *, minutes: float = 4.0, **options: Any) -> Tuned:
    """Times the ways to train a recipe, and keeps the fastest for `train`, per shapes, processor and versions.

    recipe: a name, `path/to/mine.py:function`, or a value.
    minutes: no further way is tried after this time.
    options: data, size, classes, batch_size, device and changes, as for `train`.
    Each way is timed in blocks that alternate with the plain path's: float32 (or the recipe's precision), nothing
    compiled, the default layout. One whose first losses differ by more than rounding is not taken.
    Raises `Refused` for a wrong call.
    """
    asked = TrainOptions(recipe=recipe, **options)
    value = recipe_for(entry_of(recipe), asked)
    tried = _try_all(value, asked, minutes)
    best = next(one for one in tried if one.choices == _best(tried))
    write_tuning(value, best.choices, best.choices, best.ratio or 1.0)
    return Tuned(tried, best)


def _try_all(recipe: Recipe, options: TrainOptions, minutes: float) -> list[Tried]:
    if not minutes > 0:
        raise Refused(f"--minutes {minutes:g}: give a number above 0")
    recipe = replace(recipe, updates=after_warm_ups(recipe.updates))
    end, dataset = time.monotonic() + 60 * minutes, recipe.data.open()
    first = _plain(recipe, options)
    plain = Candidate(recipe, dataset, first)
    steps = max(1, round(BLOCK_SECONDS / plain.seconds(2)))
    tried = [Tried(first, round(plain.seconds(steps) * 1e3, 3), 1.0)]
    with progress("tuning", 7) as advance:
        for stage in (_layouts_and_precisions, _compilations, _threads):
            for choices in stage(_best(tried), recipe, dataset):
                if time.monotonic() > end:
                    tried.append(Tried(choices, note="no time left"))
                else:
                    tried.append(_try(choices, plain, steps, recipe, dataset))
                advance()
    return tried


def _plain(recipe: Recipe, options: TrainOptions) -> Choices:
    precision = "fp32" if recipe.training.precision == "auto" else recipe.training.precision
    fixed = replace(options, precision=precision, compile="off", layout="contiguous", tune=False)
    return plain_choices(recipe, fixed)


def _layouts_and_precisions(best: Choices, recipe: Recipe, dataset: Dataset) -> Iterator[Choices]:
    pictures, free = len(dataset.sample_shape) == 3, recipe.training.precision == "auto"
    if pictures:
        yield replace(best, layout="channels-last")
    if free and gains_by_bf16(best.device):
        yield replace(best, precision="bf16", layout="contiguous")
        if pictures:
            yield replace(best, precision="bf16", layout="channels-last")


def _compilations(best: Choices, recipe: Recipe, dataset: Dataset) -> Iterator[Choices]:
    yield replace(best, compile="step")
    yield replace(best, compile="losses")


def _threads(best: Choices, recipe: Recipe, dataset: Dataset) -> Iterator[Choices]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for threads in sorted({1, max(1, cores // 2), cores} - {best.threads}):
        yield replace(best, threads=threads)


def _best(tried: list[Tried]) -> Choices:
    """The fastest so far; the plain path where nothing is clearly faster."""
    fastest = max(tried, key=lambda one: one.ratio or 0.0)
    return fastest.choices if (fastest.ratio or 0.0) >= WORTH else tried[0].choices


def _try(choices: Choices, plain: Candidate, steps: int, recipe: Recipe, dataset: Dataset) -> Tried:
    try:
        one = Candidate(recipe, dataset, choices)
    except Uncapturable as refusal:
        return Tried(choices, note=refusal.reason)
    except (Refused, Failed, RuntimeError) as error:
        return Tried(choices, note=one_line(error))
    if (difference := _difference(one.losses, plain.losses)) > TOLERANCE[choices.precision]:
        return Tried(choices, note=f"its losses differ by {difference:.2g} from the plain path's")
    pairs = [(plain.seconds(steps), one.seconds(steps)) for _ in range(BLOCKS)]
    ratio = median(slow / fast for slow, fast in pairs)
    return Tried(choices, round(median(fast for _, fast in pairs) * 1e3, 3), round(ratio, 3))


def _difference(losses: list[dict[str, float]], others: list[dict[str, float]]) -> float:
    """The largest difference; infinite where a number is NaN."""
    pairs = [(step[name], other[name]) for step, other in zip(losses, others, strict=True) for name in other]
    differences = [abs(one - other) / max(1.0, abs(other)) for one, other in pairs]
    return max(differences) if all(value == value for value in differences) else float("inf")
