"""Label fidelity: whether a conditional generator draws what it was asked for, by a classifier's reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence
from honmono.metrics.features.named import feature_network
from honmono.metrics.refusals import (
    extracted,
    naming,
    refuse_fields_below,
    refuse_not_finite,
    refuse_unknown_features,
    some_of,
)
from honmono.metrics.through_features import FeatureMetric


class Fidelity(NamedTuple):
    """The share of fakes that are read as what was asked for: of all, and of each class that was asked for."""

    overall: float
    of_class: tuple[float, ...]


def label_fidelity(logits: Float[Tensor, "fakes classes"], labels: Int[Tensor, " fakes"]) -> Fidelity:
    """The share of fakes whose largest logit is that of the label asked for. Raises `Refused` for a class without any.

    It is no higher than the classifier is good: read its test accuracy beside it.
    """
    refuse_not_finite("the logits", logits)
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        shapes = f"{tuple(logits.shape)} and {tuple(labels.shape)}"
        raise Refused(f"logits and labels of shapes {shapes} do not fit: give (number, classes) and (number,)")
    classes = logits.shape[1]
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise Refused(
            f"labels go from {int(labels.min())} to {int(labels.max())}: of {classes} classes, give 0..{classes - 1}"
        )
    asked = torch.bincount(labels, minlength=classes)
    missing = (asked == 0).nonzero().flatten().tolist()
    if missing:
        raise Refused(
            f"no fake was asked for class {', '.join(map(str, missing))}: draw more fakes, with labels in turn"
        )
    right = torch.bincount(labels[logits.argmax(dim=1) == labels], minlength=classes)
    return Fidelity(int(right.sum()) / len(labels), tuple((right.double() / asked).tolist()))


@final
@dataclass(frozen=True, kw_only=True)
class LabelFidelity(FeatureMetric):
    """Label fidelity (`label_fidelity`) by a feature network that knows the data's classes: `labels[mnist]`.

    fakes: asked for each class in turn.
    """

    kind: ClassVar[str] = "labels"
    of_classes: ClassVar[bool] = True
    one_sided: ClassVar[frozenset[str]] = frozenset({"label_fidelity"})

    def __post_init__(self) -> None:
        refuse_fields_below(self, fakes=1)
        refuse_unknown_features(self, self.features)
        if not feature_network(self.features).classes:
            raise Refused(
                f"labels.features: the {self.features} features classify nothing: give others, as in labels[mnist]"
            )

    def keys(self) -> dict[str, Better]:
        overall = f"label_fidelity[{self.features}]"
        classes = (f"{overall}.{name}" for name in feature_network(self.features).classes)
        return dict.fromkeys((overall, *classes), "higher")

    def measure(self, evidence: Evidence) -> dict[str, float]:
        read = feature_network(self.features).classes
        self.refuse_other_classes(evidence.classes)
        place = torch.tensor([read.index(name) for name in evidence.classes])
        if self.fakes < len(read):
            raise Refused(f"{self.name}: {self.fakes} fakes leave some of {len(read)} classes without one: raise fakes")
        found = extracted(evidence, "fake", self.features, self.fakes)
        assert found.logits is not None and found.labels is not None, "the network and the generator know classes"
        with naming(self):
            fidelity = label_fidelity(found.logits, place[found.labels])
        return dict(zip(self.keys(), (fidelity.overall, *fidelity.of_class), strict=True))

    def reads(self, classes: Sequence[str]) -> bool:
        """Whether its network knows these classes, and no others."""
        return set(classes) == set(feature_network(self.features).classes)

    def refuse_other_classes(self, asked: Sequence[str]) -> None:
        """Of a generator that is asked for these classes, none of them if it takes no labels."""
        read = feature_network(self.features).classes
        if not asked:
            raise Refused(f"{self.name}: the generator takes no labels, so it cannot draw a wrong one: leave this out")
        if not self.reads(asked):
            sides = ("the data", set(asked) - set(read)), ("the network", set(read) - set(asked))
            told = ", ".join(f"only {side} has {some_of(sorted(names))}" for side, names in sides if names)
            raise Refused(f"{self.name}: the network reads other classes than the data's ({told}): give other features")
