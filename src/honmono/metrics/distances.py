"""Euclidean distances between many features: by blocks, so that memory does not grow with their number.

In float64 and from a common centre: |a|^2 + |b|^2 - 2 a.b then keeps its digits, at the speed of matrix products.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


BLOCK = 1024  # rows of a block; a block of distances is 8 MiB
_NOTHING = 1e-12  # of |a|^2 + |b|^2: less is rounding, and taken for 0, so that a sample's twin lies at 0


class Neighbourhood(NamedTuple):
    """The nearest of each query, nearest first: their squared distances, and their places."""

    squared: Float[Tensor, "queries number"]
    places: Int[Tensor, "queries number"]


class Centred:
    """Features, given out block by block, in float64 and around a centre.

    device: where the blocks are given out, so that no more than these need room there; None: where the features lie.
    """

    def __init__(
        self,
        features: Float[Tensor, "count dimension"],
        centre: Tensor | None = None,
        device: torch.device | None = None,
    ) -> None:
        device = device or features.device
        self.device = torch.device("cpu") if device.type == "mps" else device  # Apple's GPUs have no float64
        # The mean is taken where the features lie, in float64 too.
        self._features = features.detach().cpu() if features.device.type == "mps" else features.detach()
        own = self._features.mean(dim=0, dtype=torch.float64) if centre is None else centre
        self.centre = own.to(self.device)

    def __len__(self) -> int:
        return len(self._features)

    def blocks(self, size: int) -> Iterator[tuple[int, Tensor]]:
        """(first row, rows of it) for blocks of `size` rows."""
        for start in range(0, len(self), size):
            yield start, self._features[start : start + size].to(self.device).double() - self.centre


def squared_distances(a: Float[Tensor, "m dimension"], b: Float[Tensor, "n dimension"]) -> Float[Tensor, "m n"]:
    """|a - b|^2 of each pair; give it blocks."""
    scale = a.square().sum(dim=1)[:, None] + b.square().sum(dim=1)
    squared = torch.addmm(scale, a, b.T, alpha=-2)
    return squared.where(squared > _NOTHING * scale, 0.0)


def nearest(
    queries: Centred, among: Centred, number: int, own: Tensor | None = None, block: int = BLOCK
) -> Neighbourhood:
    """The `number` nearest of `among` for each query.

    own: for queries that stand in `among` themselves, their places there, (queries,): a sample is not its neighbour.
    """
    assert 1 <= number <= len(among) - (own is not None)
    found = [_nearest_of(rows, among, number, own, start, block) for start, rows in queries.blocks(block)]
    squared, places = zip(*found, strict=True)
    return Neighbourhood(torch.cat(squared), torch.cat(places))


def _nearest_of(rows: Tensor, among: Centred, number: int, own: Tensor | None, start: int, block: int) -> Neighbourhood:
    best = torch.empty(len(rows), 0, dtype=torch.float64, device=rows.device)
    places = torch.empty(len(rows), 0, dtype=torch.int64, device=rows.device)
    for first, others in among.blocks(block):
        squared = squared_distances(rows, others)
        if own is not None:
            place = own[start : start + len(rows)] - first
            inside = ((0 <= place) & (place < len(others))).nonzero().squeeze(1)
            squared[inside, place[inside]] = torch.inf
        here = squared.topk(min(number, len(others)), dim=1, largest=False)
        best, places = torch.cat([best, here.values], dim=1), torch.cat([places, here.indices + first], dim=1)
        kept = best.topk(min(number, best.shape[1]), dim=1, largest=False)
        best, places = kept.values, places.gather(1, kept.indices)
    return Neighbourhood(best, places)
