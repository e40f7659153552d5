"""Mode coverage: how many modes of a Gaussian mixture a generator covers, how accurately and how evenly."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from honmono.data.mixtures import Mixture
from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence, Metric
from honmono.metrics.refusals import refuse_bad_fields, refuse_not_finite


_BLOCK = 4096  # points at a time, so that memory does not grow with their number


class Coverage(NamedTuple):
    """The result of `mode_coverage`.

    modes: number of captured modes.
    high_quality: share of all points.
    reverse_kl: in nats.
    counts: high-quality points of each mode.
    """

    modes: int
    high_quality: float
    reverse_kl: float
    counts: Int[Tensor, " modes"]


def mode_coverage(
    points: Float[Tensor, "number dimensions"], means: np.ndarray | Tensor, sigma: float, radius: float = 3.0
) -> Coverage:
    """Counts the points near the modes of a mixture of isotropic Gaussians.

    A point is of high quality if the nearest mean is within `radius` sigma. A mode is captured if it is the nearest of
    at least one such point. Reverse KL compares the counts of such points with a uniform distribution (`reverse_kl`).
    Of perfect samples in the plane, 1 - exp(-radius^2 / 2) are of high quality: 98.89 % at 3 sigma.
    Source: VEEGAN (Srivastava et al., 2017, arXiv:1705.07761) and PacGAN (Lin et al., 2018, arXiv:1712.04086).
    """
    centres = torch.as_tensor(means, dtype=torch.float64)
    if points.ndim != 2 or points.shape[1:] != centres.shape[1:] or len(points) == 0:
        shapes = f"{tuple(points.shape)} and {tuple(centres.shape)}"
        raise Refused(
            f"points and means of shapes {shapes} do not fit: give (number, dimensions) and (modes, dimensions)"
        )
    refuse_not_finite("the points", points)
    counts = torch.zeros(len(centres), dtype=torch.int64)
    for block in points.detach().cpu().split(_BLOCK):
        # Not by matrix products, whose rounding errors matter for a narrow mode far from the origin.
        distance = torch.cdist(block.double(), centres, compute_mode="donot_use_mm_for_euclid_dist")
        nearest = distance.min(dim=1)
        counts += torch.bincount(nearest.indices[nearest.values <= radius * sigma], minlength=len(centres))
    return Coverage(
        modes=int((counts > 0).sum()),
        high_quality=int(counts.sum()) / len(points),
        reverse_kl=reverse_kl(counts),
        counts=counts,
    )


def reverse_kl(counts: Int[Tensor, " modes"]) -> float:
    """KL(p || uniform) = sum p ln(p modes) in nats, p being the shares of the counts; 0 where they are equal.

    Its maximum, ln(modes), is reached with one mode only. It is also the value without any counted point, because JSON
    has no infinity; the number of modes and the share of high quality are 0 then.
    A perfect sampler does not reach 0: it has about (modes - 1) / (2 number), 0.0049 for 2,500 points of 25 modes.
    """
    total = int(counts.sum())
    if total == 0:
        return math.log(len(counts))
    shares = counts[counts > 0].double() / total
    return max(0.0, float((shares * (shares * len(counts)).log()).sum()))


@final
@dataclass(frozen=True, kw_only=True)
class ModeCoverage(Metric):
    """Number of modes captured, share of high-quality points and reverse KL (`mode_coverage`), for mixtures.

    radius: distance in sigma within which a point is of high quality.
    """

    kind: ClassVar[str] = "modes"
    one_sided: ClassVar[frozenset[str]] = frozenset({"high_quality"})

    fakes: int = 2_500
    radius: float = 3.0

    def __post_init__(self) -> None:
        refuse_bad_fields(self, fakes=1)
        if not 0 < self.radius < math.inf:
            raise Refused(f"modes.radius is {self.radius}: give a number of sigmas above 0, as in 3.0")

    def keys(self) -> dict[str, Better]:
        return {"modes": "higher", "high_quality": "higher", "reverse_kl": "lower"}

    def measure(self, evidence: Evidence) -> dict[str, float]:
        data = evidence.data
        if not isinstance(data, Mixture):
            kind = type(data).__name__
            raise Refused(f"modes are counted on Gaussian mixtures (grid, ring), not on {kind}: measure fid or prdc")
        found = mode_coverage(evidence.points(self.fakes), data.means(), data.sigma, self.radius)
        return {"modes": float(found.modes), "high_quality": found.high_quality, "reverse_kl": found.reverse_kl}
