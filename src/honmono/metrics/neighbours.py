"""Nearest real neighbours of fakes, to detect a generator that memorizes its training data."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence
from honmono.metrics.distances import Centred, nearest
from honmono.metrics.refusals import (
    prefix_errors,
    refuse_bad_fields,
    refuse_mismatched,
    refuse_too_few,
)
from honmono.metrics.through_features import ComparingMetric


_QUERIES = 1_000  # reals whose nearest other real is computed


class NearestReals(NamedTuple):
    """The nearest reals of each fake, nearest first: distances, and indices into the reals."""

    distance: Float[Tensor, "fakes number"]
    indices: Int[Tensor, "fakes number"]


def nearest_reals(
    real: Float[Tensor, "reals dimension"],
    fake: Float[Tensor, "fakes dimension"],
    number: int = 1,
    device: torch.device | None = None,
) -> NearestReals:
    """The `number` reals nearest to each fake, by Euclidean distance of features.

    device: where distances are computed and the result is; None: the features' own.
    """
    refuse_mismatched(real, fake)
    if number < 1:
        raise Refused(f"number is {number}; give at least 1")
    refuse_too_few(f"finding {number} neighbours", number, real=len(real))
    reals = Centred(real, device=device)
    found = nearest(Centred(fake, reals.centre, device), reals, number)
    return NearestReals(found.squared.sqrt(), found.indices)


def neighbour_distance(
    real: Float[Tensor, "reals dimension"], fake: Float[Tensor, "fakes dimension"], device: torch.device | None = None
) -> float:
    """The median distance from a fake to its nearest real, divided by that from a real to its nearest other real.

    About 1 where fakes differ from reals as reals do from each other, far below 1 for copies, above 1 for fakes that
    are unlike all reals. The divisor is computed from 1,000 evenly spaced reals, each compared with all reals.
    """
    refuse_too_few("the distance of one real to another", 2, real=len(real))
    ours = nearest_reals(real, fake, device=device).distance.flatten().quantile(0.5)
    reals = Centred(real, device=device)
    own = torch.linspace(0, len(real) - 1, min(_QUERIES, len(real)), dtype=torch.float64).long()
    queries = Centred(real[own.to(real.device)], reals.centre, device)
    theirs = nearest(queries, reals, 1, own.to(reals.device)).squared.sqrt().quantile(0.5)
    if theirs == 0:
        raise Refused(
            "more than half of the reals have an exact duplicate, so that their median distance is 0: remove duplicates"
        )
    return float(ours / theirs)


@final
@dataclass(frozen=True, kw_only=True)
class Neighbours(ComparingMetric):
    """Whether fakes are copies of training samples (`neighbour_distance`), with a picture of the nearest ones.

    It detects memorizing and does not measure quality: noise is far from every real. So neither direction is better.
    """

    kind: ClassVar[str] = "neighbours"

    fakes: int = 1_000
    reals: int = 60_000

    def __post_init__(self) -> None:
        refuse_bad_fields(self, fakes=1, reals=2)

    def keys(self) -> dict[str, Better]:
        return {f"neighbour_distance[{self.features}]": "neither"}

    def min_samples(self, dimension: int) -> int:
        return 1

    def measure(self, evidence: Evidence) -> dict[str, float]:
        with prefix_errors(self):
            value = neighbour_distance(*self.both_features(evidence), device=evidence.device)
        return {f"neighbour_distance[{self.features}]": value}

    def picture(
        self, evidence: Evidence, rows: int = 10, neighbours: int = 5
    ) -> UInt8[Tensor, "rows columns channels height width"]:
        """Rows of a fake and its nearest real pictures, nearest first: (rows, 1 + neighbours, channels, ...).

        The fakes are those with the smallest distances, the likeliest copies, in ascending order.
        """
        if not 1 <= rows <= self.fakes:
            raise Refused(f"{self.name}: {rows} rows: give 1 to {self.fakes}, the number of fakes")
        with prefix_errors(self):
            found = nearest_reals(*self.both_features(evidence), neighbours, evidence.device)
        shown = found.distance[:, 0].argsort(stable=True)[:rows].cpu()
        indices = found.indices[shown].cpu()
        fakes = evidence.pictures("fake", self.features, shown)
        reals = evidence.pictures("real", self.features, indices.flatten())
        return torch.cat([fakes[:, None], reals.unflatten(0, indices.shape)], dim=1)
