"""Nearest training neighbours of fakes, to see whether a generator has learnt or memorized."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence
from honmono.metrics.distances import Centred, nearest
from honmono.metrics.refusals import (
    naming,
    refuse_fields_below,
    refuse_too_few,
    refuse_unknown_features,
    refuse_unlike,
)
from honmono.metrics.through_features import ComparingMetric


_QUERIES = 1_000  # reals whose own nearest neighbour is looked for


class Found(NamedTuple):
    """The nearest real samples of each fake, nearest first: how far, and their places among the reals."""

    distance: Float[Tensor, "fakes number"]
    places: Int[Tensor, "fakes number"]


def nearest_reals(
    real: Float[Tensor, "reals dimension"],
    fake: Float[Tensor, "fakes dimension"],
    number: int = 1,
    device: torch.device | None = None,
) -> Found:
    """The `number` real samples nearest to each fake, by Euclidean distance of features.

    device: where block after block is looked at, and where the answer lies; None: where the features lie.
    """
    refuse_unlike(real, fake)
    if number < 1:
        raise Refused(f"number is {number}; give at least 1")
    refuse_too_few(f"finding {number} neighbours", "real", len(real), number)
    reals = Centred(real, device=device)
    found = nearest(Centred(fake, reals.centre, device), reals, number)
    return Found(found.squared.sqrt(), found.places)


def neighbour_distance(
    real: Float[Tensor, "reals dimension"], fake: Float[Tensor, "fakes dimension"], device: torch.device | None = None
) -> float:
    """The median distance of a fake to its nearest real, divided by that of a real to its nearest other real.

    About 1 where fakes are as new as reals are to each other; far below 1 where they are copies; above 1 where they
    lie apart from the reals. The divisor is taken over 1,000 reals, evenly spaced, each among all.
    """
    refuse_too_few("the distance of one real to another", "real", len(real), 2)
    ours = nearest_reals(real, fake, device=device).distance.flatten().quantile(0.5)
    reals = Centred(real, device=device)
    own = torch.linspace(0, len(real) - 1, min(_QUERIES, len(real)), dtype=torch.float64).long()
    queries = Centred(real[own.to(real.device)], reals.centre, device)
    theirs = nearest(queries, reals, 1, own.to(reals.device)).squared.sqrt().quantile(0.5)
    if theirs == 0:
        raise Refused("most reals have a twin, so that no distance between them is left to compare with: remove twins")
    return float(ours / theirs)


@final
@dataclass(frozen=True, kw_only=True)
class Neighbours(ComparingMetric):
    """Whether fakes are copies of training samples (`neighbour_distance`), and the picture to see it in.

    It is a test for memorizing, not of quality: noise passes it. So neither more nor less of it is better.
    """

    kind: ClassVar[str] = "neighbours"

    fakes: int = 1_000
    reals: int = 60_000

    def __post_init__(self) -> None:
        refuse_fields_below(self, fakes=1, reals=2)
        refuse_unknown_features(self, self.features)

    def keys(self) -> dict[str, Better]:
        return {f"neighbour_distance[{self.features}]": "neither"}

    def least(self, dimension: int) -> int:
        return 1

    def measure(self, evidence: Evidence) -> dict[str, float]:
        with naming(self):
            value = neighbour_distance(*self.both(evidence), device=evidence.device)
        return {f"neighbour_distance[{self.features}]": value}

    def picture(
        self, evidence: Evidence, rows: int = 10, neighbours: int = 5
    ) -> UInt8[Tensor, "rows columns channels height width"]:
        """Rows of a fake and its nearest training pictures, nearest first: (rows, 1 + neighbours, channels, ...).

        Of all fakes those nearest to a training picture are shown, the nearest of them first: the likeliest copies.
        """
        if not 1 <= rows <= self.fakes:
            raise Refused(f"{self.name}: {rows} rows are asked for; give 1 to {self.fakes}, as there are fakes")
        with naming(self):
            found = nearest_reals(*self.both(evidence), neighbours, evidence.device)
        shown = found.distance[:, 0].argsort(stable=True)[:rows].cpu()
        places = found.places[shown].cpu()
        fakes = evidence.pictures("fake", self.features, shown)
        reals = evidence.pictures("real", self.features, places.flatten())
        return torch.cat([fakes[:, None], reals.unflatten(0, places.shape)], dim=1)
