"""Which metrics can be measured, checked before a training or an evaluation starts."""

from collections.abc import Sequence

from honmono.data.mixtures import Mixture
from honmono.data.pictures import Pictures
from honmono.data.points import Points
from honmono.data.sources.open import open_source
from honmono.data.stacked import StackedMNIST
from honmono.errors import Failed, Refused
from honmono.metrics.base import Metric
from honmono.metrics.features.named import feature_network
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.nearest_class import NearestClass
from honmono.metrics.variety import Variety
from honmono.recipe.value import Recipe


def unavailable_metrics(
    recipe: Recipe,
    metrics: Sequence[Metric],
    classes: Sequence[str] | None = None,
    *,
    reference: str | None = None,
) -> dict[str, str]:
    """The metrics that cannot be measured: by name, the reason in one line.

    classes: of the data; None where they are not known yet.
    reference: a source of real pictures instead of the recipe's own.
    Opens no picture and downloads nothing: see `download_weights`.
    """
    reasons = {metric.name: _why_unavailable(recipe, metric, classes, reference) for metric in metrics}
    return {name: why for name, why in reasons.items() if why is not None}


def applicable(recipe: Recipe, metrics: Sequence[Metric], classes: Sequence[str]) -> list[Metric]:
    """The metrics that apply to the recipe and its data; a recipe may list others, which are omitted.

    Metrics of labels do not apply to an unconditional recipe. `labels` with a network of other classes than the data's
    does not apply if `nearest_class` is in the list.
    classes: of the data.
    """
    conditional = bool(classes) and bool(recipe.conditional)
    fitting = [metric for metric in metrics if conditional or not metric.of_classes]
    if any(isinstance(metric, NearestClass) for metric in fitting):
        return [metric for metric in fitting if not isinstance(metric, LabelFidelity) or metric.has_classes(classes)]
    return fitting


def metrics_of_labels(metrics: Sequence[Metric], classes: Sequence[str], network: str) -> list[Metric]:
    """The metrics to add for a conditional recipe of pictures: how well samples fit their labels, and their variety.

    metrics: the chosen ones; what they measure already is not added.
    classes: of the data.
    network: the feature network, if none of the metrics has one.
    """
    features = next((name for metric in metrics if isinstance(name := getattr(metric, "features", None), str)), network)
    fakes = max((metric.fakes for metric in metrics), default=Metric.fakes)  # as many as are generated anyway
    added: list[Metric] = []
    if not any(metric.of_classes for metric in metrics):
        known = set(classes) == set(feature_network(features).classes)
        added.append((LabelFidelity if known else NearestClass)(features=features, fakes=fakes))
    if not any(isinstance(metric, Variety) for metric in metrics):
        added.append(Variety(features=features, fakes=fakes))
    return added


def download_weights(metrics: Sequence[Metric]) -> dict[str, str]:
    """Downloads the weights that these metrics need, before a training instead of after hours of it.

    Returns the metrics that cannot be measured, as `unavailable_metrics`. Call that first, to avoid useless downloads.
    """
    reasons = {}
    using: dict[str, list[Metric]] = {}
    for metric in metrics:
        if isinstance(network := getattr(metric, "features", None), str):
            using.setdefault(network, []).append(metric)
    for network, its_metrics in using.items():
        try:
            feature_network(network).checksum()
        except (Refused, Failed) as error:
            reasons |= {metric.name: f"{metric.name}: {error}" for metric in its_metrics}
    return reasons


def _why_unavailable(
    recipe: Recipe, metric: Metric, classes: Sequence[str] | None, reference: str | None
) -> str | None:
    network = getattr(metric, "features", None)
    points = isinstance(recipe.data, Mixture | Points)
    # Of other data than ours `Evidence` refuses what does not fit.
    known = points or isinstance(recipe.data, Pictures | StackedMNIST)
    if known and points == isinstance(network, str):
        needed, made = _kind(not points), _kind(points)
        return f"{metric.name} is a metric of {needed}, and this recipe generates {made}: {_instead(points)}"
    if isinstance(metric, ModeCoverage) and isinstance(recipe.data, Points):
        return f"{metric.name}: the modes of your own points are not known; look at the pictures in samples/"
    try:
        if isinstance(network, str):
            feature_network(network).check_packages()
        if isinstance(metric, LabelFidelity) and (classes is not None or not recipe.conditional):
            metric.refuse_other_classes(classes if classes and recipe.conditional else ())
        if metric.of_classes and not recipe.conditional:
            raise Refused("the generator takes no labels: omit this metric")
        if hasattr(metric, "reals"):
            _refuse_no_source(recipe, reference)
    except (Refused, Failed) as error:
        return f"{metric.name}: {str(error).removeprefix(f'{metric.name}: ')}"
    return None


def _refuse_no_source(recipe: Recipe, reference: str | None) -> None:
    source = reference or getattr(recipe.data, "source", None)
    if source is not None:
        open_source(source)
    elif isinstance(recipe.data, Pictures):
        raise Refused("the recipe has no source of real pictures: give one with --reference SOURCE")


def _kind(points: bool) -> str:
    return "points" if points else "pictures"


def _instead(points: bool) -> str:
    return "use modes" if points else "use fid, kid or prdc"
