"""A fully connected network of noisy points, their time and their label: a flow's velocity, or a diffusion's noise."""

import math
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from honmono.networks.conditioning import TimeAndLabel


class TimeMLP(nn.Module):
    """Samples of any shape, and behind them a vector of time and label, through SiLU layers to samples of that shape.

    widths: of the hidden layers.
    condition: width of the vector of time and label, an even number.
    Everything starts as torch makes it, but the last layer at 0, so that the first outputs are 0.
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        widths: tuple[int, ...] = (256, 256, 256),
        condition: int = 64,
    ) -> None:
        super().__init__()
        numbers = math.prod(sample_shape)
        self.condition = TimeAndLabel(condition, condition, num_classes)
        layers: list[nn.Module] = []
        for before, after in pairwise((numbers + condition, *widths)):
            layers += [nn.Linear(before, after), nn.SiLU()]
        self.hidden = nn.Sequential(*layers)
        self.last = nn.Linear(widths[-1], numbers)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(
        self,
        x: Float[Tensor, "batch *sample_shape"],
        t: Float[Tensor, " batch"],
        label: Int[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "batch *sample_shape"]:
        features = torch.cat([x.flatten(1), self.condition(t, label)], dim=1)
        return self.last(self.hidden(features)).view_as(x)
