"""Precision, recall, density and coverage of fakes, by nearest neighbours in feature space."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence
from honmono.metrics.distances import BLOCK, Centred, for_each_block, nearest, squared_distances
from honmono.metrics.refusals import (
    prefix_errors,
    refuse_bad_fields,
    refuse_mismatched,
    refuse_too_few,
)
from honmono.metrics.through_features import ComparingMetric


_TIE = 1e-10  # relative difference below which squared distances count as equal, because of rounding


class Scores(NamedTuple):
    """The result of `prdc`: shares from 0 to 1, except for density, which can be above 1."""

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(
    real: Float[Tensor, "reals dimension"],
    fake: Float[Tensor, "fakes dimension"],
    neighbours: int,
    block: int = BLOCK,
    device: torch.device | None = None,
) -> Scores:
    """Counts samples inside balls: around each sample, with the distance to its k-th nearest neighbour as radius.

    Neighbours are samples of the same side, without the sample itself.
    precision: share of fakes inside or on the ball of at least one real. recall: share of reals, with balls of fakes.
    density: average number of real balls around a fake, divided by k. coverage: share of real balls with a fake inside.
    neighbours: k.
    block: `block` x `block` distances are computed at a time; the result does not depend on it.
    device: where distances are computed; None: the features' own.
    Source: Kynkäänniemi et al. (2019), arXiv:1904.06991; Naeem et al. (2020), arXiv:2002.09797.
    """
    return _scores_and_copies(real, fake, neighbours, block, device)[0]


def _scores_and_copies(
    real: Tensor, fake: Tensor, neighbours: int, block: int, device: torch.device | None
) -> tuple[Scores, int]:
    """The scores, and the number of reals with radius 0, whose k nearest neighbours are exact copies."""
    refuse_mismatched(real, fake)
    if neighbours < 1:
        raise Refused(f"neighbours is {neighbours}; give at least 1")
    what = f"the distance to neighbour {neighbours} (neighbours)"
    refuse_too_few(what, neighbours + 1, real=len(real), fake=len(fake))
    reals = Centred(real, device=device)
    fakes = Centred(fake, reals.centre, device)
    radii = _squared_radii(reals, neighbours, block)
    scores = _count(reals, fakes, radii, _squared_radii(fakes, neighbours, block), neighbours, block)
    return scores, int((radii == 0).sum())


def _squared_radii(samples: Centred, neighbours: int, block: int) -> Tensor:
    """The squared distance of each sample to its k-th nearest neighbour: (count,)."""
    own = torch.arange(len(samples), device=samples.device)
    return nearest(samples, samples, neighbours, own, block).squared[:, -1]


def _count(
    reals: Centred, fakes: Centred, real_radii: Tensor, fake_radii: Tensor, neighbours: int, block: int
) -> Scores:
    def count(start: int, real: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of some reals: the fakes inside their balls, which reals are recalled and covered, pairs inside."""
        radii = real_radii[start : start + len(real), None]
        precise: list[Tensor] = []
        recalled = torch.zeros(len(real), dtype=torch.bool, device=real.device)
        covered = torch.zeros_like(recalled)
        inside = torch.zeros((), dtype=torch.int64, device=real.device)
        for j, fake in fakes.blocks(block):
            squared = squared_distances(real, fake)
            precise.append(_any(squared <= radii * (1 + _TIE), dim=0))
            recalled |= _any(squared <= fake_radii[j : j + len(fake)] * (1 + _TIE), dim=1)
            within = squared < radii * (1 - _TIE)
            covered |= _any(within, dim=1)
            inside += within.count_nonzero()
        return torch.cat(precise), recalled, covered, inside

    precise, recalled, covered, inside = zip(*for_each_block(count, reals, block), strict=True)
    return Scores(
        precision=int(torch.stack(precise).any(dim=0).sum()) / len(fakes),
        recall=int(torch.cat(recalled).sum()) / len(reals),
        density=int(torch.stack(inside).sum()) / (neighbours * len(fakes)),
        coverage=int(torch.cat(covered).sum()) / len(reals),
    )


def _any(mask: Tensor, dim: int) -> Tensor:
    """`mask.any(dim)`, which torch 2.13 computes on CPUs more than ten times faster as a maximum of bytes."""
    return mask.view(torch.uint8).amax(dim).bool()


@final
@dataclass(frozen=True, kw_only=True)
class PRDC(ComparingMetric):
    """Precision, recall, density and coverage (`prdc`) of a feature network's features: `precision[mnist]`, ...

    neighbours: k; the radius of a sample's ball is the distance to its k-th nearest neighbour.
    """

    kind: ClassVar[str] = "prdc"
    one_sided: ClassVar[frozenset[str]] = frozenset({"precision", "recall", "density"})

    neighbours: int = 5

    def __post_init__(self) -> None:
        refuse_bad_fields(self, fakes=2, reals=2, neighbours=1)
        if self.neighbours >= min(self.fakes, self.reals):
            counts = f"fakes={self.fakes}, reals={self.reals}"
            raise Refused(
                f"prdc.neighbours is {self.neighbours}, too many for {counts}: decrease it, or increase these"
            )

    def keys(self) -> dict[str, Better]:
        return {f"{score}[{self.features}]": "higher" for score in Scores._fields}

    def min_samples(self, dimension: int) -> int:
        return self.neighbours + 1

    def measure(self, evidence: Evidence) -> dict[str, float]:
        real, fake = self.both_features(evidence)
        with prefix_errors(self):
            scores, copied = _scores_and_copies(real, fake, self.neighbours, BLOCK, evidence.device)
        if copied:
            evidence.note(
                f"{self.name}: {copied:,} of {len(real):,} reals have {self.neighbours} or more exact copies, which"
                " makes density and coverage too low even for a perfect generator: remove copies from the data, or"
                " increase prdc.neighbours"
            )
        return {f"{score}[{self.features}]": value for score, value in scores._asdict().items()}
