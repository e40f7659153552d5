"""Measuring a generator: every metric on shared evidence, under each seed, with the protocol that makes it a number."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from jaxtyping import UInt8
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.evaluation.evidence import GeneratorEvidence, Subject
from honmono.evaluation.extraction import Networks, Progress, silent
from honmono.evaluation.protocol import protocol_of
from honmono.evaluation.reference import Reference
from honmono.metrics.base import Evidence, Metric
from honmono.metrics.features.named import feature_network
from honmono.metrics.neighbours import Neighbours
from honmono.randomness import preserve_rng_state
from honmono.recipe.value import Recipe
from honmono.runs.protocols import Protocol


CONFIDENCE = 0.95
ROWS, COLUMNS = 10, 5  # of a picture: fakes, and real neighbours of each


@dataclass(frozen=True)
class Measured:
    """What was measured.

    metrics: by key, the mean over seeds. intervals: 95 %, over sample seeds; {} with one seed. notes: what is to be
    said beside the numbers. seconds: what it took. pictures: rows to look at, by metric, where they were asked for.
    """

    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    protocol: Protocol
    notes: tuple[str, ...]
    seconds: float
    pictures: dict[str, Tensor] = field(default_factory=dict)


def measure(
    generator: nn.Module,
    recipe: Recipe,
    classes: tuple[str, ...],
    sample_shape: tuple[int, ...],
    metrics: Sequence[Metric],
    *,
    seeds: Sequence[int] = (0,),
    reference: str | None = None,
    truncation: float | None = None,
    weights: str = "average",
    pictures: bool = False,
    progress: Progress = silent,
) -> Measured:
    """Measures a generator on its device and leaves it, and the random numbers of whoever calls, as they were.

    classes: of the data; only a conditional recipe's generator is asked for them. seeds: which fakes are drawn.
    reference: a source of real pictures in place of the recipe's own. weights: "average" or "raw", for the protocol.
    pictures: whether metrics that have any make pictures too, under the first seed. progress: shows how far it is.
    Raises `Refused` where a metric does not fit or has too few samples, `Failed` where a sample is not finite.
    """
    begun = time.perf_counter()
    _refuse_none(metrics, seeds)
    subject = Subject(generator, recipe, classes if recipe.conditional else (), sample_shape, truncation)
    networks = Networks(feature_network, next(generator.parameters()).device, progress)
    reals = Reference(recipe, sample_shape, reference, networks)
    values: list[dict[str, float]] = []
    notes: dict[str, None] = {}
    shown: dict[str, Tensor] = {}
    with preserve_rng_state(networks.device):
        for seed in seeds:
            evidence = GeneratorEvidence(subject, seed, reals, networks)
            values.append(_values(metrics, evidence))
            if pictures and seed == seeds[0]:
                shown = _pictures(metrics, evidence)
            notes |= dict.fromkeys(evidence.notes())
    means, intervals, unfit = summarized(values)
    weights = weights if recipe.training.average else "raw"
    protocol = protocol_of(subject, metrics, seeds, weights, reals, networks)
    return Measured(means, intervals, protocol, (*notes, *unfit), time.perf_counter() - begun, shown)


def _refuse_none(metrics: Sequence[Metric], seeds: Sequence[int]) -> None:
    names = [metric.name for metric in metrics]
    if not names or not seeds:
        raise Refused("there is nothing to measure: name at least one metric and one seed")
    if twice := [name for name in names if names.count(name) > 1]:
        raise Refused(f"{twice[0]} is asked for twice: leave one of them out")


def _values(metrics: Sequence[Metric], evidence: Evidence) -> dict[str, float]:
    """Every number, in the order of the metrics. Whoever needs most is asked first, and the rest takes of the same."""
    found = {metric.name: metric.measure(evidence) for metric in sorted(metrics, key=lambda metric: -metric.fakes)}
    return {key: float(value) for metric in metrics for key, value in found[metric.name].items()}


def _pictures(metrics: Sequence[Metric], evidence: Evidence) -> dict[str, UInt8[Tensor, "rows columns channels h w"]]:
    """Of those metrics that have any: as many rows as there are fakes, ten at most."""
    shown = [one for one in metrics if isinstance(one, Neighbours)]
    return {one.name: one.picture(evidence, min(ROWS, one.fakes), min(COLUMNS, one.reals)) for one in shown}


def summarized(
    values: Sequence[dict[str, float]],
) -> tuple[dict[str, float], dict[str, tuple[float, float]], list[str]]:
    """Means over seeds, 95 % intervals (t-distribution) where there are several, and a note for what is no number.

    What is not finite under any seed is left out: JSON has no word for it, and a table should not have one either.
    """
    means: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    notes = []
    for key in values[0]:
        under = [one[key] for one in values]
        if not all(map(math.isfinite, under)):
            notes.append(f"{key} has no value: it came out as {', '.join(f'{value:g}' for value in under)}")
            continue
        means[key] = fmean(under)
        if len(under) > 1:
            half = _t(len(under) - 1) * stdev(under) / math.sqrt(len(under))
            intervals[key] = (means[key] - half, means[key] + half)
    return means, intervals, notes


def _t(freedom: int) -> float:
    """The two-sided quantile of Student's t."""
    from scipy.stats import t

    return float(t.ppf((1 + CONFIDENCE) / 2, freedom))
