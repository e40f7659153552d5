"""Nearest class: whether fakes look most like the class that was asked for; it takes no classifier of the classes."""

from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence
from honmono.metrics.by_class import by_class
from honmono.metrics.refusals import refuse_fields_below, refuse_unknown_features, refuse_unlike
from honmono.metrics.through_features import ComparingMetric


SHRINKAGE = 0.01  # share of the covariance that is its mean variance in every direction: few reals can be inverted too
_BLOCK = 4096  # samples at a time


class Means(NamedTuple):
    """The real classes' means where distances are measured. whiten: the way there from features, around `centre`.

    means: NaN for a class without a real. counts: how many reals each class has.
    """

    centre: Float[Tensor, " dimension"]
    whiten: Float[Tensor, "dimension dimension"]
    means: Float[Tensor, "classes dimension"]
    counts: Int[Tensor, " classes"]

    def __call__(self, features: Float[Tensor, "number dimension"]) -> Float[Tensor, "number dimension"]:
        """Features, in float64, where distances are measured."""
        return (features.double() - self.centre) @ self.whiten


def class_means(real: Float[Tensor, "reals dimension"], labels: Int[Tensor, " reals"], classes: int) -> Means:
    """The means of the classes, and distances by the covariance S within classes that all of them share.

    The distance of a and b is (a - b)' S^-1 (a - b) (Mahalanobis): directions in which samples of one class differ much
    count for little. S is taken over all classes together, with `SHRINKAGE`. Reals of no class (-1) are passed over.
    Source: Fisher's linear discriminant (1936), classes being equally likely.
    """
    real, labels = real[labels >= 0], labels[labels >= 0]
    counts = torch.bincount(labels, minlength=classes)
    centre = real.mean(dim=0, dtype=torch.float64)
    rows = real.double() - centre
    means = torch.zeros(classes, rows.shape[1], dtype=torch.float64).index_add(0, labels, rows)
    means /= counts.where(counts > 0, torch.nan)[:, None]
    within = rows - means[labels]
    covariance = within.T @ within / max(1, len(rows) - int((counts > 0).sum()))
    variance = float(covariance.diagonal().mean()) or 1.0  # every class one picture: plain distances
    covariance = (1 - SHRINKAGE) * covariance
    covariance.diagonal().add_(SHRINKAGE * variance)
    whiten = torch.linalg.inv(torch.linalg.cholesky(covariance)).T
    return Means(centre, whiten, means @ whiten, counts)


def nearest_class(features: Float[Tensor, "number dimension"], means: Means) -> Int[Tensor, " number"]:
    """The place of the class with the nearest mean, of those that have reals."""
    found = []
    for block in features.split(_BLOCK):
        distances = torch.cdist(means(block), means.means).nan_to_num(nan=torch.inf)
        found.append(distances.argmin(dim=1))
    return torch.cat(found)


def left_out(
    real: Float[Tensor, "reals dimension"], labels: Int[Tensor, " reals"], means: Means
) -> Bool[Tensor, " reals"]:
    """Whether each real, left out of its class's mean and of the covariance, is nearest to its own class.

    With z a real's whitened distance from its mean and n its class's size, leaving it out makes it n / (n - 1) z, and
    adds b (z.(x - m))^2 / (1 - b |z|^2), b = (1 - SHRINKAGE) n / (n - 1) / degrees of freedom, to the squared distance
    to each mean m (Sherman and Morrison). A real that is alone in its class, or of none (-1), is not nearest to it.
    """
    freedom = max(1, int(means.counts.sum()) - int((means.counts > 0).sum()))
    found = []
    for block, own in zip(real.split(_BLOCK), labels.split(_BLOCK), strict=True):
        rows, inside, places = means(block), own.clamp(min=0), torch.arange(len(block))
        away = rows - means.means[inside]
        norm = away.square().sum(dim=1)
        moved = means.counts[inside].double() / (means.counts[inside] - 1)
        squared = torch.cdist(rows, means.means).square()
        along = (rows * away).sum(dim=1, keepdim=True) - away @ means.means.T
        squared[places, inside] = norm * moved.square()
        along[places, inside] = norm * moved
        weight = (1 - SHRINKAGE) * moved / freedom
        squared += along.square() * (weight / (1 - weight * norm))[:, None]
        nearest = squared.nan_to_num(nan=torch.inf).argmin(dim=1)
        found.append((nearest == own) & (means.counts[inside] > 1))
    return torch.cat(found)


@final
@dataclass(frozen=True, kw_only=True)
class NearestClass(ComparingMetric):
    """The share of fakes that are nearest (`nearest_class`) to the mean of the class that they were asked for.

    `nearest_class[cifar10]` and each class's, `nearest_class[cifar10].cat`. It takes no classifier of the data's
    classes; chance is 1 / classes. `nearest_class_of_reals[cifar10]` is that of the reals, each left out (`left_out`),
    on average over the classes: how well these features tell the classes apart, and about what a perfect generator has.
    """

    kind: ClassVar[str] = "nearest_class"
    of_classes: ClassVar[bool] = True
    one_sided: ClassVar[frozenset[str]] = frozenset({"nearest_class"})

    def __post_init__(self) -> None:
        refuse_fields_below(self, fakes=1, reals=2)
        refuse_unknown_features(self, self.features)

    @property
    def of_reals(self) -> str:
        """The name of the reals' own number."""
        return f"nearest_class_of_reals[{self.features}]"

    def keys(self) -> dict[str, Better]:
        return {self.name: "higher", self.of_reals: "neither"}

    def least(self, dimension: int) -> int:
        return 2

    def measure(self, evidence: Evidence) -> dict[str, float]:
        if not evidence.classes:
            raise Refused(f"{self.name}: the generator takes no labels, so it cannot draw a wrong one: leave this out")
        real, fake = self.sides(evidence)
        if real.labels is None:
            raise Refused(f"{self.name}: the real pictures have no classes to be nearest to: leave it out")
        assert fake.labels is not None, "the generator is asked for classes"
        refuse_unlike(real.features, fake.features)
        means = class_means(real.features, real.labels, len(evidence.classes))
        if int((means.counts > 0).sum()) < 2:
            raise Refused(f"{self.name}: fewer than two of the classes have real pictures: leave it out")
        right = nearest_class(fake.features, means) == fake.labels
        numbers = by_class(
            evidence, self.name, _shares(right, fake.labels, means.counts >= 1), fmean, "a real and a fake"
        )
        right = left_out(real.features, real.labels, means)
        numbers |= by_class(evidence, self.of_reals, _shares(right, real.labels, means.counts >= 2), fmean, "two reals")
        return {key: numbers[key] for key in (*self.keys(), *numbers)}


def _shares(
    right: Bool[Tensor, " number"], labels: Int[Tensor, " number"], judged: Bool[Tensor, " classes"]
) -> list[float | None]:
    """The share of right ones in each class; None for a class that is not judged, or has no sample."""
    of_class = [right[labels == place].double() for place in range(len(judged))]
    return [float(one.mean()) if enough and len(one) else None for one, enough in zip(of_class, judged, strict=True)]
