"""A metric of a user's own, and a GAN that is measured by it: its generator draws on a circle."""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from honmono.metrics.base import Better, Evidence, Metric
from honmono.recipe import Recipe
from honmono.recipes.gan import gan_grid


def mean_radius(points: Tensor) -> float:
    """The mean distance of points (number, dimensions) from the origin."""
    return points.norm(dim=1).mean().item()


@dataclass(frozen=True, kw_only=True)
class Radius(Metric):
    """The fakes' mean distance from the origin."""

    kind: ClassVar[str] = "radius"

    def keys(self) -> dict[str, Better]:
        return {"radius": "neither"}

    def measure(self, evidence: Evidence) -> dict[str, float]:
        return {"radius": mean_radius(evidence.points(self.fakes))}


class Circle(nn.Module):
    def __init__(self, *, latent_dim: int, sample_shape: tuple[int, ...], num_classes: int = 0) -> None:
        super().__init__()
        self.radius = nn.Parameter(torch.tensor(2.0))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.radius * nn.functional.normalize(latent[:, :2])


def circle() -> Recipe:
    return replace(gan_grid(), generator=partial(Circle), metrics=(Radius(fakes=100),))
