"""Whether metrics can be measured at all, found out before a training or a long evaluation begins."""

from collections.abc import Sequence
from importlib.util import find_spec

from honmono.data.mixtures import Mixture
from honmono.data.pictures import Pictures
from honmono.data.sources import open_source
from honmono.errors import Failed, Refused
from honmono.metrics.base import Metric
from honmono.metrics.features.named import feature_network
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.recipe import Recipe


def ready(
    recipe: Recipe,
    metrics: Sequence[Metric],
    classes: Sequence[str] | None = None,
    *,
    reference: str | None = None,
) -> dict[str, str]:
    """What stands in the way of each metric, in a line, by its name; {} where all can be measured.

    classes: of the data; None where nobody has looked yet. Opens no picture. Weights that have to be downloaded are:
    better now than after hours of training.
    """
    found = {metric.name: _obstacle(recipe, metric, classes, reference) for metric in metrics}
    return {name: why for name, why in found.items() if why is not None}


def _obstacle(recipe: Recipe, metric: Metric, classes: Sequence[str] | None, reference: str | None) -> str | None:
    network = getattr(metric, "features", None)
    points = isinstance(recipe.data, Mixture)
    if metric.needs and find_spec(metric.needs) is None:
        return f"{metric.name} needs {metric.needs}: pip install 'honmono[metrics]'"
    if points == isinstance(network, str):
        return f"{metric.name} judges {_kind(not points)}, and this recipe makes {_kind(points)}: {_instead(points)}"
    if not isinstance(network, str):
        return None
    try:
        feature_network(network).checksum()
        if isinstance(metric, LabelFidelity) and (classes is not None or not recipe.conditional):
            metric.refuse_other_classes(classes if classes and recipe.conditional else ())
        if hasattr(metric, "reals"):
            _refuse_no_source(recipe, reference)
    except (Refused, Failed) as obstacle:
        return f"{metric.name}: {str(obstacle).removeprefix(f'{metric.name}: ')}"
    return None


def _refuse_no_source(recipe: Recipe, reference: str | None) -> None:
    source = reference or getattr(recipe.data, "source", None)
    if source is not None:
        open_source(source)
    elif isinstance(recipe.data, Pictures):
        raise Refused("the recipe does not say which pictures are real: give --reference SOURCE")


def _kind(points: bool) -> str:
    return "points" if points else "pictures"


def _instead(points: bool) -> str:
    return "measure modes" if points else "measure fid, kid or prdc"
