"""Whether metrics can be measured at all, found out before a training or a long evaluation begins."""

from collections.abc import Sequence

from honmono.data.mixtures import Mixture
from honmono.data.pictures import Pictures
from honmono.data.points import Points
from honmono.data.sources.open import open_source
from honmono.errors import Failed, Refused
from honmono.metrics.base import Metric
from honmono.metrics.features.named import feature_network
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.nearest_class import NearestClass
from honmono.metrics.variety import Variety
from honmono.recipe.value import Recipe


def ready(
    recipe: Recipe,
    metrics: Sequence[Metric],
    classes: Sequence[str] | None = None,
    *,
    reference: str | None = None,
) -> dict[str, str]:
    """What stands in the way of each metric, in a line, by its name; {} where all can be measured.

    classes: of the data; None where nobody has looked yet. Opens no picture and downloads nothing: `fetched` does.
    """
    found = {metric.name: _obstacle(recipe, metric, classes, reference) for metric in metrics}
    return {name: why for name, why in found.items() if why is not None}


def applicable(recipe: Recipe, metrics: Sequence[Metric], classes: Sequence[str]) -> list[Metric]:
    """The metrics that have something to judge here; the others are no fault, and are left out without a word.

    Metrics of classes judge nothing where no classes are asked for, and a classifier of other classes than the data's
    nothing that `nearest_class`, where it is among them, does not. classes: of the data.
    """
    conditional = bool(classes) and bool(recipe.conditional)
    fitting = [metric for metric in metrics if conditional or not metric.of_classes]
    if any(isinstance(metric, NearestClass) for metric in fitting):
        return [metric for metric in fitting if not isinstance(metric, LabelFidelity) or metric.reads(classes)]
    return fitting


def of_classes(metrics: Sequence[Metric], classes: Sequence[str], network: str) -> list[Metric]:
    """What a conditional recipe of pictures is to be judged by and these metrics do not hold yet.

    Whether it draws what it is asked for, read by the network where that knows the classes, and the variety of each
    class. network: what to look through where none of the metrics says so.
    """
    through = next((name for metric in metrics if isinstance(name := getattr(metric, "features", None), str)), network)
    fakes = max((metric.fakes for metric in metrics), default=Metric.fakes)  # which others draw already
    added: list[Metric] = []
    if not any(metric.of_classes for metric in metrics):
        reads = set(classes) == set(feature_network(through).classes)
        added.append((LabelFidelity if reads else NearestClass)(features=through, fakes=fakes))
    if not any(isinstance(metric, Variety) for metric in metrics):
        added.append(Variety(features=through, fakes=fakes))
    return added


def fetched(metrics: Sequence[Metric]) -> dict[str, str]:
    """Downloads the weights that these metrics need: better now than after hours of training.

    What stands in the way of each, like `ready`, which is to be asked before: then nothing is downloaded in vain.
    """
    found = {}
    for metric in metrics:
        network = getattr(metric, "features", None)
        try:
            if isinstance(network, str):
                feature_network(network).checksum()
        except (Refused, Failed) as obstacle:
            found[metric.name] = f"{metric.name}: {obstacle}"
    return found


def _obstacle(recipe: Recipe, metric: Metric, classes: Sequence[str] | None, reference: str | None) -> str | None:
    network = getattr(metric, "features", None)
    points = isinstance(recipe.data, Mixture | Points)
    if points == isinstance(network, str):
        return f"{metric.name} judges {_kind(not points)}, and this recipe makes {_kind(points)}: {_instead(points)}"
    if isinstance(metric, ModeCoverage) and isinstance(recipe.data, Points):
        return f"{metric.name}: where the modes of your own points lie is not known; look at the pictures in samples/"
    try:
        if isinstance(network, str):
            feature_network(network).check_packages()
        if isinstance(metric, LabelFidelity) and (classes is not None or not recipe.conditional):
            metric.refuse_other_classes(classes if classes and recipe.conditional else ())
        if metric.of_classes and not recipe.conditional:
            raise Refused("the generator takes no labels, so it cannot draw a wrong one: leave this out")
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
