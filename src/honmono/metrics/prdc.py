"""Precision, recall, density and coverage of fake features among real ones, by nearest neighbours."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence
from honmono.metrics.distances import BLOCK, Centred, nearest, squared_distances
from honmono.metrics.refusals import (
    naming,
    refuse_fields_below,
    refuse_too_few,
    refuse_unknown_features,
    refuse_unlike,
)
from honmono.metrics.through_features import ComparingMetric


_TIE = 1e-10  # squared distances that differ by less of themselves are equal, however they were rounded


class Scores(NamedTuple):
    """What `prdc` finds: shares from 0 to 1, but density, which can be above."""

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
    """Counts samples within the balls that reach from each sample to its k-th nearest neighbour on its own side.

    precision: fakes in a ball of at least one real, its edge included; recall: reals in one of a fake.
    density: real balls that a fake is inside of, on average, divided by k; coverage: real balls with a fake inside.
    Each ball's own centre is no neighbour of itself. Works on the device (None: the features'), `block` x `block`
    distances at a time; the result does not depend on `block`.
    Source: Kynkäänniemi et al. (2019), arXiv:1904.06991; Naeem et al. (2020), arXiv:2002.09797.
    """
    return _scored(real, fake, neighbours, block, device)[0]


def _scored(real: Tensor, fake: Tensor, neighbours: int, block: int, device: torch.device | None) -> tuple[Scores, int]:
    """The scores, and how many reals have balls of no reach: their k nearest are their copies."""
    refuse_unlike(real, fake)
    if neighbours < 1:
        raise Refused(f"neighbours is {neighbours}; give at least 1")
    refuse_too_few(f"the distance to neighbour {neighbours} (or lower neighbours)", "real", len(real), neighbours + 1)
    refuse_too_few(f"the distance to neighbour {neighbours} (or lower neighbours)", "fake", len(fake), neighbours + 1)
    reals = Centred(real, device=device)
    fakes = Centred(fake, reals.centre, device)
    reach = _reach(reals, neighbours, block)
    scores = _counted(reals, fakes, reach, _reach(fakes, neighbours, block), neighbours, block)
    return scores, int((reach == 0).sum())


def _reach(samples: Centred, neighbours: int, block: int) -> Tensor:
    """The squared distance of each sample to its k-th nearest neighbour: (count,)."""
    own = torch.arange(len(samples), device=samples.device)
    return nearest(samples, samples, neighbours, own, block).squared[:, -1]


def _counted(
    reals: Centred, fakes: Centred, real_reach: Tensor, fake_reach: Tensor, neighbours: int, block: int
) -> Scores:
    precise = torch.zeros(len(fakes), dtype=torch.bool, device=fakes.device)
    recalled = torch.zeros(len(reals), dtype=torch.bool, device=reals.device)
    covered = torch.zeros_like(recalled)
    inside = torch.zeros((), dtype=torch.int64, device=reals.device)
    for i, real in reals.blocks(block):
        reach = real_reach[i : i + len(real), None]
        for j, fake in fakes.blocks(block):
            squared = squared_distances(real, fake)
            precise[j : j + len(fake)] |= (squared <= reach * (1 + _TIE)).any(dim=0)
            recalled[i : i + len(real)] |= (squared <= fake_reach[j : j + len(fake)] * (1 + _TIE)).any(dim=1)
            within = squared < reach * (1 - _TIE)
            covered[i : i + len(real)] |= within.any(dim=1)
            inside += within.sum()
    return Scores(
        precision=int(precise.sum()) / len(fakes),
        recall=int(recalled.sum()) / len(reals),
        density=int(inside) / (neighbours * len(fakes)),
        coverage=int(covered.sum()) / len(reals),
    )


@final
@dataclass(frozen=True, kw_only=True)
class PRDC(ComparingMetric):
    """Precision, recall, density and coverage (`prdc`) in a feature network: `precision[mnist]`, ...

    neighbours: k; the reach of a sample's ball is its distance to the k-th nearest of its own side.
    """

    kind: ClassVar[str] = "prdc"
    one_sided: ClassVar[frozenset[str]] = frozenset({"precision", "recall", "density"})

    neighbours: int = 5

    def __post_init__(self) -> None:
        refuse_fields_below(self, fakes=2, reals=2, neighbours=1)
        refuse_unknown_features(self, self.features)
        if self.neighbours >= min(self.fakes, self.reals):
            counts = f"fakes={self.fakes}, reals={self.reals}"
            raise Refused(f"prdc.neighbours is {self.neighbours}, too many for {counts}: give fewer, or more samples")

    def keys(self) -> dict[str, Better]:
        return {f"{score}[{self.features}]": "higher" for score in Scores._fields}

    def least(self, dimension: int) -> int:
        return self.neighbours + 1

    def measure(self, evidence: Evidence) -> dict[str, float]:
        real, fake = self.both(evidence)
        with naming(self):
            scores, copied = _scored(real, fake, self.neighbours, BLOCK, evidence.device)
        if copied:
            evidence.note(
                f"{self.name}: {copied:,} of {len(real):,} reals have {self.neighbours} or more exact copies, so that"
                " not even a perfect generator's fakes add to their density or coverage: remove copies from the data,"
                " or raise prdc.neighbours"
            )
        return {f"{score}[{self.features}]": value for score, value in scores._asdict().items()}
