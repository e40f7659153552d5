"""Label fidelity: how often a classifier predicts the label that a conditional generator was given."""

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
    prefix_errors,
    quoted,
    refuse_bad_fields,
    refuse_not_finite,
)
from honmono.metrics.through_features import FeatureMetric


class Fidelity(NamedTuple):
    """The share of fakes whose predicted class is their label: of all fakes, and of each class."""

    overall: float
    of_class: tuple[float, ...]


def label_fidelity(logits: Float[Tensor, "fakes classes"], labels: Int[Tensor, " fakes"]) -> Fidelity:
    """The share of fakes whose largest logit is that of their label. Raises `Refused` for a class without fakes.

    It is limited by the classifier's accuracy: compare it with that.
    """
    refuse_not_finite("the logits", logits)
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        shapes = f"{tuple(logits.shape)} and {tuple(labels.shape)}"
        raise Refused(f"logits and labels of shapes {shapes} do not fit: give (number, classes) and (number,)")
    classes = logits.shape[1]
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise Refused(
            f"labels are from {int(labels.min())} to {int(labels.max())}: give 0..{classes - 1} for {classes} classes"
        )
    counts = torch.bincount(labels, minlength=classes)
    missing = (counts == 0).nonzero().flatten().tolist()
    if missing:
        raise Refused(
            f"no fake has the label {', '.join(map(str, missing))}: generate more fakes, with all labels in turn"
        )
    right = torch.bincount(labels[logits.argmax(dim=1) == labels], minlength=classes)
    return Fidelity(int(right.sum()) / len(labels), tuple((right.double() / counts).tolist()))


@final
@dataclass(frozen=True, kw_only=True)
class LabelFidelity(FeatureMetric):
    """Label fidelity (`label_fidelity`) with a feature network that has the data's classes: `labels[mnist]`.

    fakes: generated with each label in turn.
    """

    kind: ClassVar[str] = "labels"
    of_classes: ClassVar[bool] = True
    one_sided: ClassVar[frozenset[str]] = frozenset({"label_fidelity"})

    def __post_init__(self) -> None:
        refuse_bad_fields(self, fakes=1)
        if not feature_network(self.features).classes:
            raise Refused(
                f"labels.features: the {self.features} features have no class logits: use others, as in labels[mnist]"
            )

    def keys(self) -> dict[str, Better]:
        overall = f"label_fidelity[{self.features}]"
        classes = (f"{overall}.{name}" for name in feature_network(self.features).classes)
        return dict.fromkeys((overall, *classes), "higher")

    def measure(self, evidence: Evidence) -> dict[str, float]:
        known = feature_network(self.features).classes
        self.refuse_other_classes(evidence.classes)
        index = torch.tensor([known.index(name) for name in evidence.classes])
        if self.fakes < len(known):
            raise Refused(f"{self.name}: {self.fakes} fakes are too few for {len(known)} classes: increase fakes")
        found = evidence.extracted("fake", self.features, self.fakes)
        assert found.logits is not None and found.labels is not None, "the network and the generator have classes"
        with prefix_errors(self):
            fidelity = label_fidelity(found.logits, index[found.labels])
        return dict(zip(self.keys(), (fidelity.overall, *fidelity.of_class), strict=True))

    def has_classes(self, classes: Sequence[str]) -> bool:
        """Whether its network's classes are exactly these."""
        return set(classes) == set(feature_network(self.features).classes)

    def refuse_other_classes(self, classes: Sequence[str]) -> None:
        """Raises `Refused` unless these, the generator's classes, are the network's; () for an unconditional one."""
        known = feature_network(self.features).classes
        if not classes:
            raise Refused(f"{self.name}: the generator takes no labels: omit this metric")
        if set(classes) != set(known):
            sides = ("the data", set(classes) - set(known)), ("the network", set(known) - set(classes))
            found = ", ".join(f"only {side} has {quoted(sorted(names))}" for side, names in sides if names)
            raise Refused(f"{self.name}: the network's classes are not the data's ({found}): use other features")
