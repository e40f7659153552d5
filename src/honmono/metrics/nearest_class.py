"""Nearest class: how often a fake is nearest to the mean of its own class. It needs no classifier of the classes."""

from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence
from honmono.metrics.by_class import by_class
from honmono.metrics.refusals import refuse_bad_fields, refuse_mismatched
from honmono.metrics.through_features import ComparingMetric


SHRINKAGE = 0.01  # of the covariance towards its mean variance, so that it can be inverted for few reals too
_BLOCK = 4096  # samples at a time


class ClassMeans(NamedTuple):
    """The means of the real classes in whitened features.

    centre: subtracted from features before whitening.
    whiten: the whitening matrix.
    means: NaN for a class without reals.
    counts: number of reals of each class.
    """

    centre: Float[Tensor, " dimension"]
    whiten: Float[Tensor, "dimension dimension"]
    means: Float[Tensor, "classes dimension"]
    counts: Int[Tensor, " classes"]

    def __call__(self, features: Float[Tensor, "number dimension"]) -> Float[Tensor, "number dimension"]:
        """Whitened features, in float64."""
        return (features.double() - self.centre) @ self.whiten


def class_means(real: Float[Tensor, "reals dimension"], labels: Int[Tensor, " reals"], classes: int) -> ClassMeans:
    """The means of the classes, whitened by the covariance S within classes.

    Distances are then Mahalanobis distances, (a - b)' S^-1 (a - b): directions in which samples of one class vary much
    count little. S is pooled over all classes, with `SHRINKAGE`. Reals of no class (-1) are ignored.
    Source: Fisher's linear discriminant (1936), with equally likely classes.
    """
    real, labels = real[labels >= 0], labels[labels >= 0]
    counts = torch.bincount(labels, minlength=classes)
    centre = real.mean(dim=0, dtype=torch.float64)
    rows = real.double() - centre
    means = torch.zeros(classes, rows.shape[1], dtype=torch.float64).index_add(0, labels, rows)
    means /= counts.where(counts > 0, torch.nan)[:, None]
    within = rows - means[labels]
    covariance = within.T @ within / max(1, len(rows) - int((counts > 0).sum()))
    variance = float(covariance.diagonal().mean()) or 1.0  # 0 where every class is one picture: Euclidean distances
    covariance = (1 - SHRINKAGE) * covariance
    covariance.diagonal().add_(SHRINKAGE * variance)
    whiten = torch.linalg.inv(torch.linalg.cholesky(covariance)).T
    return ClassMeans(centre, whiten, means @ whiten, counts)


def nearest_class(features: Float[Tensor, "number dimension"], means: ClassMeans) -> Int[Tensor, " number"]:
    """The index of the class with the nearest mean, among classes with reals."""
    found = []
    for block in features.split(_BLOCK):
        distances = torch.cdist(means(block), means.means).nan_to_num(nan=torch.inf)
        found.append(distances.argmin(dim=1))
    return torch.cat(found)


def leave_one_out(
    real: Float[Tensor, "reals dimension"], labels: Int[Tensor, " reals"], means: ClassMeans
) -> Bool[Tensor, " reals"]:
    """Whether each real is nearest to its own class when it is left out of the class's mean and of the covariance.

    With z a real's whitened difference from its mean and n its class's size, leaving it out makes it n / (n - 1) z, and
    adds b (z.(x - m))^2 / (1 - b |z|^2), b = (1 - SHRINKAGE) n / (n - 1) / degrees of freedom, to the squared distance
    to each mean m (Sherman and Morrison). False for the only real of a class and for a real of no class (-1).
    """
    freedom = max(1, int(means.counts.sum()) - int((means.counts > 0).sum()))
    found = []
    for block, own in zip(real.split(_BLOCK), labels.split(_BLOCK), strict=True):
        rows, inside, indices = means(block), own.clamp(min=0), torch.arange(len(block))
        away = rows - means.means[inside]
        norm = away.square().sum(dim=1)
        moved = means.counts[inside].double() / (means.counts[inside] - 1)
        squared = torch.cdist(rows, means.means).square()
        along = (rows * away).sum(dim=1, keepdim=True) - away @ means.means.T
        squared[indices, inside] = norm * moved.square()
        along[indices, inside] = norm * moved
        weight = (1 - SHRINKAGE) * moved / freedom
        squared += along.square() * (weight / (1 - weight * norm))[:, None]
        nearest = squared.nan_to_num(nan=torch.inf).argmin(dim=1)
        found.append((nearest == own) & (means.counts[inside] > 1))
    return torch.cat(found)


@final
@dataclass(frozen=True, kw_only=True)
class NearestClass(ComparingMetric):
    """The share of fakes that are nearest (`nearest_class`) to the mean of their label's class.

    `nearest_class[cifar10]`, and of each class `nearest_class[cifar10].cat`. It needs no classifier of the data's
    classes; chance is 1 / classes. `nearest_class_of_reals[cifar10]` is the same share of the reals (`leave_one_out`),
    averaged over the classes: how well the features separate the classes, and about the value of a perfect generator.
    """

    kind: ClassVar[str] = "nearest_class"
    of_classes: ClassVar[bool] = True
    one_sided: ClassVar[frozenset[str]] = frozenset({"nearest_class"})

    def __post_init__(self) -> None:
        refuse_bad_fields(self, fakes=1, reals=2)

    @property
    def of_reals(self) -> str:
        """The name of the number for the reals."""
        return f"nearest_class_of_reals[{self.features}]"

    def keys(self) -> dict[str, Better]:
        return {self.name: "higher", self.of_reals: "neither"}

    def min_samples(self, dimension: int) -> int:
        return 2

    def measure(self, evidence: Evidence) -> dict[str, float]:
        if not evidence.classes:
            raise Refused(f"{self.name}: the generator takes no labels: omit this metric")
        real, fake = self.extract_both(evidence)
        if real.labels is None:
            raise Refused(f"{self.name}: the real pictures have no classes: omit this metric")
        assert fake.labels is not None, "the generator is conditional"
        refuse_mismatched(real.features, fake.features)
        means = class_means(real.features, real.labels, len(evidence.classes))
        if int((means.counts > 0).sum()) < 2:
            raise Refused(f"{self.name}: fewer than two classes have real pictures: omit this metric")
        right = nearest_class(fake.features, means) == fake.labels
        numbers = by_class(
            evidence, self.name, _shares(right, fake.labels, means.counts >= 1), fmean, "a real and a fake"
        )
        right = leave_one_out(real.features, real.labels, means)
        numbers |= by_class(evidence, self.of_reals, _shares(right, real.labels, means.counts >= 2), fmean, "two reals")
        return {key: numbers[key] for key in (*self.keys(), *numbers)}


def _shares(
    right: Bool[Tensor, " number"], labels: Int[Tensor, " number"], enough: Bool[Tensor, " classes"]
) -> list[float | None]:
    """The share of correct samples of each class; None for a class without enough reals or without samples."""
    of_class = [right[labels == index].double() for index in range(len(enough))]
    return [
        float(one.mean()) if measured and len(one) else None for one, measured in zip(of_class, enough, strict=True)
    ]
