"""Measuring a generator: every metric on the same samples, under each seed, with the protocol."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from jaxtyping import UInt8
from torch import Tensor

from honmono.errors import Refused
from honmono.evaluation.evidence import GeneratorEvidence
from honmono.evaluation.extraction import Networks, Progress, silent
from honmono.evaluation.protocol import protocol_of
from honmono.evaluation.reference import Reference
from honmono.generation.model import Model
from honmono.metrics.base import Evidence, Metric
from honmono.metrics.features.named import feature_network
from honmono.metrics.neighbours import Neighbours
from honmono.randomness import preserve_rng_state
from honmono.runs.protocols import Protocol


CONFIDENCE = 0.95
ROWS, COLUMNS = 10, 5  # of the picture of neighbours: fakes, and reals for each


@dataclass(frozen=True)
class Measured:
    """The result of `measure`.

    metrics: by key, the mean over seeds.
    intervals: by key, the 95 % interval over seeds; {} with one seed.
    protocol: how the numbers were measured.
    notes: problems that the numbers do not show.
    seconds: duration.
    pictures: by metric, rows of pictures, if they were requested.
    """

    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    protocol: Protocol
    notes: tuple[str, ...]
    seconds: float
    pictures: dict[str, Tensor] = field(default_factory=dict)


def measure(
    model: Model,
    metrics: Sequence[Metric],
    *,
    seeds: Sequence[int] = (0,),
    reference: str | None = None,
    pictures: bool = False,
    progress: Progress = silent,
) -> Measured:
    """Measures a generator on its device; changes neither the generator nor the global random state.

    reference: as for `evaluate`.
    pictures: whether to return pictures of the metrics that have some, under the first seed.
    progress: shows the progress.
    Raises `Refused` where a metric does not fit or has too few samples, `Failed` where a sample is not finite.
    """
    start = time.perf_counter()
    _refuse_none(metrics, seeds)
    networks = Networks(feature_network, next(model.generator.parameters()).device, progress)
    reals = Reference(model.recipe, model.data_spec.sample_shape, reference, networks)
    values: list[dict[str, float]] = []
    notes: dict[str, None] = {}
    rows: dict[str, Tensor] = {}
    with preserve_rng_state(networks.device):
        for seed in seeds:
            evidence = GeneratorEvidence(model, seed, reals, networks)
            values.append(_values(metrics, evidence))
            rows = rows or (_pictures(metrics, evidence) if pictures else {})
            notes |= dict.fromkeys(evidence.notes())
    means, intervals, not_finite = summarize(values)
    protocol = protocol_of(model, metrics, seeds, reals, networks)
    return Measured(means, intervals, protocol, (*notes, *not_finite), time.perf_counter() - start, rows)


def _refuse_none(metrics: Sequence[Metric], seeds: Sequence[int]) -> None:
    names = [metric.name for metric in metrics]
    if not names or not seeds:
        raise Refused("nothing to measure: give at least one metric and one seed")
    if twice := [name for name in names if names.count(name) > 1]:
        raise Refused(f"{twice[0]} is given twice: omit one")


def _values(metrics: Sequence[Metric], evidence: Evidence) -> dict[str, float]:
    """Every number, in the order of the metrics. The metric with most fakes comes first; the others reuse them."""
    by_fakes = sorted(range(len(metrics)), key=lambda place: -metrics[place].fakes)
    found = {place: metrics[place].measure(evidence) for place in by_fakes}
    return {key: float(value) for place in sorted(found) for key, value in found[place].items()}


def _pictures(metrics: Sequence[Metric], evidence: Evidence) -> dict[str, UInt8[Tensor, "rows columns channels h w"]]:
    """The pictures of the metrics that draw some."""
    having = [one for one in metrics if isinstance(one, Neighbours)]
    return {one.name: one.picture(evidence, min(ROWS, one.fakes), min(COLUMNS, one.reals)) for one in having}


def summarize(
    values: Sequence[dict[str, float]],
) -> tuple[dict[str, float], dict[str, tuple[float, float]], list[str]]:
    """Means over seeds, 95 % intervals (t-distribution) with several seeds, and a note for each number not finite.

    A number that is not finite under some seed is omitted.
    """
    means: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    notes = []
    for key in values[0]:
        own = [one[key] for one in values]
        if not all(map(math.isfinite, own)):
            notes.append(f"{key} is omitted, because it is not finite: {', '.join(f'{value:g}' for value in own)}")
            continue
        means[key] = fmean(own)
        if len(own) > 1:
            half = _t(len(own) - 1) * stdev(own) / math.sqrt(len(own))
            intervals[key] = (means[key] - half, means[key] + half)
    return means, intervals, notes


def _t(freedom: int) -> float:
    """The two-sided quantile of Student's t."""
    from scipy.stats import t

    return float(t.ppf((1 + CONFIDENCE) / 2, freedom))
