"""Timing a recipe's step against a plain loop: one process, interleaved blocks, medians."""

import time
from collections.abc import Callable
from dataclasses import replace
from math import lcm
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from honmono.benchmark.plain_loop import PlainLoop
from honmono.data.base import Batch, Dataset, DataSpec
from honmono.data.choose import with_source
from honmono.data.mixtures import Mixture
from honmono.devices import choose
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.registry import entries, find
from honmono.recipe.updates import Count, Every, Simultaneous, Update, WarmUp, every_update
from honmono.recipe.value import Recipe
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


COLUMNS = (
    "recipe",
    "batch_size",
    "device",
    "precision",
    "ms_per_step",
    "reference_ms_per_step",
    "ratio",
    "gflops_per_second",
    "fraction_of_matmul_rate",
)
ROUNDS = 7
BLOCK_SECONDS = 0.7
MATRIX = 2048
NOISES = 4_096  # samples of noise
MOST_NUMBERS = 2**26  # in all samples: fewer of large pictures


class Arithmetic(TorchDispatchMode):
    """Counts the flops of matrix products and convolutions. (Torch's `FlopCounterMode` does not support R1.)"""

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if (formula := flop_registry.get(func._overloadpacket)) is not None:
            self.flops += formula(*args, **(kwargs or {}), out_val=result)
        return result


class Noise(Dataset):
    """Uniform noise of a recipe's shape, for timing without its data: a step takes the same time."""

    fingerprint = "noise"

    def __init__(self, data_spec: DataSpec) -> None:
        self.sample_shape, self.classes = data_spec.sample_shape, data_spec.classes
        self.length = max(1, min(NOISES, MOST_NUMBERS // torch.Size(self.sample_shape).numel()))
        self._samples = torch.rand(self.length, *self.sample_shape) * 2 - 1
        self._labels = torch.arange(self.length) % len(self.classes) if self.classes else None

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        self._samples = self._samples.to(device, dtype)
        self._labels = None if self._labels is None else self._labels.to(device)

    def gather(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        rows = torch.from_numpy(indices).to(self._samples.device)
        return Batch(self._samples[rows], None if self._labels is None else self._labels[rows])


def measure_all(
    name: str | None = None,
    *,
    data: str | None = None,
    device: str = "auto",
    precision: str = "auto",
    compile: str = "auto",
) -> list[dict[str, Any]]:
    """A row for each recipe, or for the named one, with the keys of `COLUMNS`."""
    chosen = [find(name)] if name else list(entries().values())
    rates: dict[str, float] = {}
    rows = []
    for entry in chosen:
        recipe = entry.make()
        choices = choose(device, precision, compile, recipe.training.precision)
        engine = Engine(choices)
        if choices.precision not in rates:
            rates[choices.precision] = matmul_rate(engine)
        timed = measure(recipe, engine, data, entry.name)
        of_rate = timed["gflops_per_second"] / rates[choices.precision]
        facts = {"recipe": entry.name, "batch_size": recipe.training.batch_size}
        rows.append(facts | {"device": choices.device, "precision": choices.precision} | timed)
        rows[-1]["fraction_of_matmul_rate"] = round(of_rate, 4)
    return rows


def measure(recipe: Recipe, engine: Engine, data: str | None, name: str) -> dict[str, Any]:
    """Milliseconds of a step, ours and the plain loop's, and our arithmetic per second.

    A growing recipe is timed at its full size, and a recipe with a warm-up after it.
    """
    recipe = replace(recipe, growth=None, updates=after_warm_ups(recipe.updates))
    if data is not None:
        recipe = replace(recipe, data=with_source(recipe.data, data, name))
    available = data is not None or isinstance(recipe.data, Mixture)
    dataset = recipe.data.open() if available else Noise(nominal_data_spec(recipe))
    trainer = Trainer(recipe, dataset, engine)
    plain = PlainLoop(recipe, dataset, engine.device)
    trainer.step()  # warm-up: memory, kernels, compilation
    plain.step()
    ours, theirs = interleaved(trainer.step, plain.step, engine.finish, _period(recipe))
    gflop = gflop_of_step(recipe, dataset, engine)
    return {
        "ms_per_step": round(ours * 1e3, 3),
        "reference_ms_per_step": round(theirs * 1e3, 3),
        "ratio": round(theirs / ours, 3),
        "gflops_per_second": float(f"{gflop / ours:.4g}"),  # a busy machine may be slow
    }


def after_warm_ups(updates: tuple[Update | Simultaneous, ...]) -> tuple[Update | Simultaneous, ...]:
    """The same updates without warm-ups, but as often as after them."""
    return tuple(map(_ordinary, updates))


def _ordinary(entry: Update | Simultaneous) -> Update | Simultaneous:
    if isinstance(entry, Simultaneous):
        return Simultaneous(tuple(replace(update, count=_after_warm_up(update)) for update in entry.updates))
    return replace(entry, count=_after_warm_up(entry))


def _after_warm_up(update: Update) -> int | Count:
    return update.count.count if isinstance(update.count, WarmUp) else update.count


def gflop_of_step(recipe: Recipe, dataset: Dataset, engine: Engine) -> float:
    """Gflop of matrix products and convolutions in one of our steps; the plain loop's may have more."""
    eager = Trainer(recipe, dataset, Engine(replace(engine.choices, compile="off")))
    period = _period(recipe)
    eager.step()
    with Arithmetic() as counted:
        for _ in range(period):
            eager.step()
    return counted.flops / period / 1e9


def _period(recipe: Recipe) -> int:
    """The number of steps after which the update program repeats."""
    counts = [update.count for update in every_update(recipe.updates)]
    return lcm(*(count.steps for count in counts if isinstance(count, Every)))


def interleaved(
    ours: Callable[[], Any], theirs: Callable[[], Any], finish: Callable[[], None], multiple: int = 1
) -> tuple[float, float]:
    """Median seconds of one call of each, from alternating blocks, so that other load affects both equally.

    multiple: the number of calls in a block is a multiple of this.
    """
    number = {call: multiple * -(-_calls_in_block(call, finish) // multiple) for call in (ours, theirs)}
    times: dict[Callable[[], Any], list[float]] = {ours: [], theirs: []}
    for _ in range(ROUNDS):
        for call in (ours, theirs):
            times[call].append(_seconds(call, number[call], finish))
    return median(times[ours]), median(times[theirs])


def matmul_rate(engine: Engine) -> float:
    """The machine's rate of large matrix products in this precision, GFLOP/s: an upper bound."""
    dtype = torch.bfloat16 if engine.choices.precision == "bf16" else engine.dtype
    left = torch.randn(MATRIX, MATRIX).to(engine.device, dtype)

    def product() -> Tensor:
        return left @ left

    product()
    seconds = median(_seconds(product, 3, engine.finish) for _ in range(ROUNDS))
    return 2 * MATRIX**3 / seconds / 1e9


def _calls_in_block(call: Callable[[], Any], finish: Callable[[], None]) -> int:
    once = _seconds(call, 2, finish)
    return max(1, round(BLOCK_SECONDS / once))


def _seconds(call: Callable[[], Any], number: int, finish: Callable[[], None]) -> float:
    finish()
    start = time.perf_counter()
    for _ in range(number):
        call()
    finish()
    return (time.perf_counter() - start) / number
