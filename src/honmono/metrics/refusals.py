"""What metrics refuse alike: fields out of range, unknown features, samples that are too few or no numbers."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor

from honmono.errors import Failed, Refused
from honmono.metrics.base import Evidence, Extracted, Metric, Side
from honmono.metrics.features.named import feature_network


def refuse_fields_below(metric: Metric, **least: int) -> None:
    """Refuses a metric with a field below its least value."""
    for field, value in least.items():
        given = getattr(metric, field)
        if given < value:
            raise Refused(f"{metric.kind}.{field} is {given}; give at least {value}")


def refuse_unknown_features(metric: Metric, features: str) -> None:
    """Refuses a metric whose feature network is none of ours; nothing is loaded."""
    try:
        feature_network(features)
    except Refused as refusal:
        raise Refused(f"{metric.kind}.features: {refusal}") from None


def refuse_too_few(what: str, side: Side, count: int, least: int) -> None:
    """Refuses `count` samples of a side where `what` takes more of them."""
    if count < least:
        mend = "raise fakes" if side == "fake" else "raise reals, or give more pictures"
        raise Refused(f"{what} takes at least {least:,} {side}s, and there are {count:,}: {mend}")


def refuse_unlike(real: Tensor, fake: Tensor) -> None:
    """Refuses features that are no two matrices of numbers of one width."""
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        shapes = f"{tuple(real.shape)} and {tuple(fake.shape)}"
        raise Refused(f"features of shapes {shapes} cannot be compared: give (number, dimension) of one dimension")
    refuse_not_finite("the real features", real)
    refuse_not_finite("the fake features", fake)


def refuse_not_finite(what: str, values: Tensor) -> None:
    """Refuses NaN and infinity."""
    if not all_finite(values):
        raise Refused(f"{what} hold NaN or infinity, of which nothing can be measured: look at the samples behind them")


def all_finite(values: Tensor) -> bool:
    """Whether there is no NaN and no infinity, without a copy as large as the values."""
    return values.numel() == 0 or all(math.isfinite(bound.item()) for bound in values.aminmax())  # NaN comes through


def extracted(evidence: Evidence, side: Side, network: str, number: int) -> Extracted:
    """What a feature network says of `number` fakes, or of at most `number` reals: all there are where there are fewer.

    Raises `Failed` where the generator gives other than numbers.
    """
    found = evidence.extracted(side, network, number)
    assert len(found.features) == number or (side == "real" and len(found.features) < number)
    if side == "fake" and not all_finite(found.features):
        raise Failed(f"the features[{network}] of the fakes hold NaN or infinity: look at the samples behind them")
    return found


def some_of(names: Sequence[str], most: int = 5) -> str:
    """The first of some names, in quotes: 'a', 'b' and 3 more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more


@contextmanager
def naming(metric: Metric) -> Iterator[None]:
    """Puts the metric's name before what is refused within."""
    try:
        yield
    except Refused as refusal:
        raise Refused(f"{metric.name}: {refusal}") from refusal
