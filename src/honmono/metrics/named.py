"""Metrics by their names in `--metrics`."""

import re
from functools import cache
from typing import Any

from honmono.errors import Refused, did_you_mean
from honmono.metrics.base import Metric
from honmono.metrics.features.named import NETWORKS
from honmono.metrics.fid import FID
from honmono.metrics.inception_score import InceptionScore
from honmono.metrics.kid import KID
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.nearest_class import NearestClass
from honmono.metrics.neighbours import Neighbours
from honmono.metrics.prdc import PRDC
from honmono.metrics.stacked_modes import StackedModes
from honmono.metrics.variety import Variety


METRICS: dict[str, type[Metric]] = {
    metric.kind: metric
    for metric in (
        *(ModeCoverage, StackedModes, FID, KID, InceptionScore, PRDC),
        *(LabelFidelity, NearestClass, Variety, Neighbours),
    )
}
_NAME = re.compile(r"(?P<kind>\w+)(?:\[(?P<features>[^][]*)\])?")


def metric(name: str, default_network: str | None = None) -> Metric:
    """The metric of a name such as `modes`, `fid[mnist]` or, with a `default_network`, `fid`.

    Its fields have their defaults. Raises `Refused`, naming the nearest, where there is none.
    """
    matched = _NAME.fullmatch(name.strip())
    kind, features = (matched["kind"], matched["features"]) if matched else (name.partition("[")[0], None)
    if kind not in METRICS:
        raise Refused(_unknown(kind, features))
    if not matched:
        raise Refused(f"{name!r} is not a metric's name: write {kind} or {kind}[mnist]")
    fields: dict[str, Any] = {}
    if kind == ModeCoverage.kind:
        if features is not None:
            raise Refused(f"{name}: modes uses no feature network: write modes")
    elif features is not None:
        fields["features"] = features
    elif kind != StackedModes.kind:  # which has a default network
        if default_network is None:
            every = ", ".join(f"{kind}[{network}]" for network in NETWORKS)
            raise Refused(f"{kind} needs a feature network: write {every}")
        fields["features"] = default_network
    return METRICS[kind](**fields)


@cache
def _metric_of_number() -> dict[str, str]:
    """By the key of each number, without brackets, the kind of metric that it belongs to."""
    kinds: dict[str, str] = {}
    for kind in METRICS:
        for key in metric(kind, "mnist").keys():
            kinds.setdefault(key.partition("[")[0], kind)
    return kinds


def _unknown(kind: str, features: str | None) -> str:
    owner = _metric_of_number().get(kind)
    if owner is not None:
        brackets = "" if owner == ModeCoverage.kind else f"[{features or 'mnist'}]"
        return f"{kind} is a number of the metric {owner}: write {owner}{brackets}"
    return f"there is no metric {kind!r}{did_you_mean(kind, METRICS)} (there are {', '.join(METRICS)})"
