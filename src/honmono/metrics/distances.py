"""Euclidean distances between many features: in blocks, so that memory does not grow with their number.

Features are centred and in float64: |a|^2 + |b|^2 - 2 a.b then stays accurate, at the speed of matrix products. On the
CPU each thread computes blocks of its own: operations on a block are too short to be shared among threads, which would
mostly wait for each other.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from honmono.devices import undivided_operations


Result = TypeVar("Result")
BLOCK = 512  # rows of a block; a block of distances is 2 MiB
_ROUNDING = 1e-12  # of |a|^2 + |b|^2: less is a rounding error and becomes 0, the distance of exact duplicates


class Neighbourhood(NamedTuple):
    """The nearest samples of each query, nearest first: squared distances and indices."""

    squared: Float[Tensor, "queries number"]
    indices: Int[Tensor, "queries number"]


class Centred:
    """Features that are read in blocks, in float64 and centred.

    centre: subtracted from each row; None: the features' mean.
    device: to which blocks are moved, so that it needs room for a block only; None: the features' own.
    """

    def __init__(
        self,
        features: Float[Tensor, "count dimension"],
        centre: Tensor | None = None,
        device: torch.device | None = None,
    ) -> None:
        device = device or features.device
        self.device = torch.device("cpu") if device.type == "mps" else device  # Apple's GPUs have no float64
        # The mean is computed on the features' own device, in float64 too.
        self._features = features.detach().cpu() if features.device.type == "mps" else features.detach()
        own = self._features.mean(dim=0, dtype=torch.float64) if centre is None else centre
        self.centre = own.to(self.device)

    def __len__(self) -> int:
        return len(self._features)

    def blocks(self, size: int) -> Iterator[tuple[int, Tensor]]:
        """(index of the first row, rows) of blocks of `size` rows."""
        for start in range(0, len(self), size):
            yield start, self.rows(start, size)

    def rows(self, start: int, size: int) -> Tensor:
        """At most `size` rows from `start` on."""
        return self._features[start : start + size].to(self.device).double() - self.centre


def for_each_block(
    work: Callable[[int, Float[Tensor, "rows dimension"]], Result], samples: Centred, size: int
) -> list[Result]:
    """`work(index of the first row, rows)` of each block of `size` rows."""
    threads = torch.get_num_threads()
    if samples.device.type != "cpu" or threads == 1:
        return [work(start, rows) for start, rows in samples.blocks(size)]
    with undivided_operations(), ThreadPoolExecutor(threads) as pool:
        starts = range(0, len(samples), size)
        return list(pool.map(lambda start: work(start, samples.rows(start, size)), starts))


def squared_distances(a: Float[Tensor, "m dimension"], b: Float[Tensor, "n dimension"]) -> Float[Tensor, "m n"]:
    """|a - b|^2 of each pair: m x n numbers, so give it blocks."""
    ours, theirs = a.square().sum(dim=1)[:, None], b.square().sum(dim=1)
    squared = torch.add(ours, theirs).addmm_(a, b.T, alpha=-2)
    # Most blocks have no distance so small, and one look at the least saves three passes over all. (On a GPU the look
    # would make the program wait.)
    if squared.device.type == "cpu" and squared.min() > _ROUNDING * (ours.max() + theirs.max()):
        return squared
    return squared.where(squared > _ROUNDING * (ours + theirs), 0.0)


def nearest(
    queries: Centred, among: Centred, number: int, own: Tensor | None = None, block: int = BLOCK
) -> Neighbourhood:
    """The `number` nearest samples of `among` for each query.

    own: where the queries are in `among`, their indices there, (queries,): no sample is its own neighbour.
    """
    assert 1 <= number <= len(among) - (own is not None)
    found = for_each_block(lambda start, rows: _nearest_of(rows, among, number, own, start, block), queries, block)
    squared, indices = zip(*found, strict=True)
    return Neighbourhood(torch.cat(squared), torch.cat(indices))


def _nearest_of(rows: Tensor, among: Centred, number: int, own: Tensor | None, start: int, block: int) -> Neighbourhood:
    best = torch.empty(len(rows), 0, dtype=torch.float64, device=rows.device)
    indices = torch.empty(len(rows), 0, dtype=torch.int64, device=rows.device)
    for first, others in among.blocks(block):
        squared = squared_distances(rows, others)
        if own is not None:
            index = own[start : start + len(rows)] - first
            inside = ((0 <= index) & (index < len(others))).nonzero().squeeze(1)
            squared[inside, index[inside]] = torch.inf
        here = squared.topk(min(number, len(others)), dim=1, largest=False)
        best, indices = torch.cat([best, here.values], dim=1), torch.cat([indices, here.indices + first], dim=1)
        kept = best.topk(min(number, best.shape[1]), dim=1, largest=False)
        best, indices = kept.values, indices.gather(1, kept.indices)
    return Neighbourhood(best, indices)
