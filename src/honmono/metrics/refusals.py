"""Checks that metrics share: fields out of range, unknown features, too few samples, NaN and infinity."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor

from honmono.errors import Refused, first_of
from honmono.metrics.base import Metric
from honmono.metrics.features.named import feature_network


def refuse_bad_fields(metric: Metric, **least: int) -> None:
    """Raises `Refused` where a field is below its minimum, or there is no such feature network; loads nothing."""
    for field, value in least.items():
        given = getattr(metric, field)
        if given < value:
            raise Refused(f"{metric.kind}.{field} is {given}: give at least {value}")
    features = getattr(metric, "features", None)
    try:
        if features is not None:
            feature_network(features)
    except Refused as refusal:
        raise Refused(f"{metric.kind}.features: {refusal}") from None


def refuse_too_few(what: str, least: int, **counts: int) -> None:
    """Raises `Refused` where `what` needs at least `least` samples of a side, "real" or "fake", and has fewer."""
    for side, count in counts.items():
        if count < least:
            advice = "increase fakes" if side == "fake" else "increase reals, or give more pictures"
            raise Refused(f"{what} needs at least {least:,} {side}s, and there are {count:,}: {advice}")


def refuse_mismatched(real: Tensor, fake: Tensor) -> None:
    """Raises `Refused` unless these are finite matrices with equal numbers of columns."""
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        shapes = f"{tuple(real.shape)} and {tuple(fake.shape)}"
        raise Refused(f"features of shapes {shapes} cannot be compared: give (number, dimension) with equal dimensions")
    refuse_not_finite("the real features", real)
    refuse_not_finite("the fake features", fake)


def refuse_not_finite(what: str, values: Tensor) -> None:
    """Raises `Refused` for NaN and infinity."""
    if not all_finite(values):
        raise Refused(f"{what} contain NaN or infinity: check the samples")


def all_finite(values: Tensor) -> bool:
    """Whether there is no NaN or infinity, without a temporary tensor of the same size."""
    return values.numel() == 0 or all(math.isfinite(bound.item()) for bound in values.aminmax())  # NaN propagates


def quoted(names: Sequence[str]) -> str:
    """The first five names in quotes: 'a', 'b' and 3 more."""
    return first_of([repr(name) for name in names], 5)


@contextmanager
def prefix_errors(metric: Metric) -> Iterator[None]:
    """Puts the metric's name before the message of a `Refused` that is raised inside."""
    try:
        yield
    except Refused as refusal:
        raise Refused(f"{metric.name}: {refusal}") from refusal
