"""From what `--metrics` names to the metric."""

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
    """The metric of a name such as `modes`, `fid[mnist]` or, with a `default_network` to look through, `fid`.

    Its fields are its defaults. Raises `Refused`, naming what is near, where there is none.
    """
    matched = _NAME.fullmatch(name.strip())
    kind, features = (matched["kind"], matched["features"]) if matched else (name.partition("[")[0], None)
    if kind not in METRICS:
        raise Refused(_unknown(kind, features))
    if not matched:
        raise Refused(f"{name!r} is no metric's name: write {kind}, or {kind}[mnist]")
    fields: dict[str, Any] = {}
    if kind == ModeCoverage.kind:
        if features is not None:
            raise Refused(f"{name}: modes are counted in the points themselves: write modes")
    elif features is not None:
        fields["features"] = features
    elif kind != StackedModes.kind:  # whose digits only one network reads
        if default_network is None:
            every = ", ".join(f"{kind}[{network}]" for network in NETWORKS)
            raise Refused(f"{kind} looks through a feature network: write {every}")
        fields["features"] = default_network
    return METRICS[kind](**fields)


@cache
def _givers() -> dict[str, str]:
    """The kind of metric that gives each number, by its key without brackets."""
    givers: dict[str, str] = {}
    for kind in METRICS:
        for key in metric(kind, "mnist").keys():
            givers.setdefault(key.partition("[")[0], kind)
    return givers


def _unknown(kind: str, features: str | None) -> str:
    giver = _givers().get(kind)
    if giver is not None:
        brackets = "" if giver == ModeCoverage.kind else f"[{features or 'mnist'}]"
        return f"{kind} is a number of the metric {giver}: write {giver}{brackets}"
    return f"there is no metric {kind!r}{did_you_mean(kind, METRICS)} (there are {', '.join(METRICS)})"
