"""What a network of noisy samples is conditioned on, time and label, as one vector; and guidance by the label."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from honmono.networks.outputs import full


NO_LABEL = -1  # in a tensor of labels: this sample's label is unknown to the network

TimedNetwork = Callable[[Tensor, Tensor, Tensor | None], Tensor]  # (sample, time, label) -> like the sample
Field = Callable[[Tensor, Tensor], Tensor]  # (sample, time) -> like the sample


def sinusoidal(t: Float[Tensor, " batch"], width: int) -> Float[Tensor, "batch width"]:
    """cos and sin of 1000 t times width / 2 frequencies, from 1 down in equal ratios towards 1 / 10,000.

    t: from 0 to 1, so that a DDPM of 1,000 steps sees what its paper shows it, the number of the step. Source: Ho et
    al., DDPM (2020), arXiv:2006.11239, appendix B, after Vaswani et al. (2017), arXiv:1706.03762, section 3.5.
    """
    t = full(t)
    place = torch.arange(width // 2, device=t.device, dtype=t.dtype)
    angle = 1000 * t[:, None] * torch.exp(place * (-math.log(10_000) / (width // 2)))
    return torch.cat([angle.cos(), angle.sin()], dim=1)


class TimeAndLabel(nn.Module):
    """Two linear layers on sinusoids of the time, plus a learned vector of the label: (batch, width).

    Row 0 of the embedding is "no label", which samples with `NO_LABEL` have, and all samples where labels are None; a
    network trained with some of its labels dropped learns both distributions (Ho & Salimans, 2022, arXiv:2207.12598).

    frequencies: how many sinusoids, an even number.
    """

    def __init__(self, frequencies: int, width: int, num_classes: int = 0) -> None:
        super().__init__()
        self.frequencies = frequencies
        self.first, self.last = nn.Linear(frequencies, width), nn.Linear(width, width)
        self.embedding = nn.Embedding(1 + num_classes, width) if num_classes > 0 else None

    def forward(
        self, t: Float[Tensor, " batch"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch width"]:
        waves = sinusoidal(t, self.frequencies).to(self.first.weight.dtype)
        condition = self.last(nn.functional.silu(self.first(waves)))
        if self.embedding is None:
            return condition
        row = torch.zeros(t.shape[0], dtype=torch.int64, device=t.device) if label is None else label + 1
        return condition + self.embedding(row)


def drop_labels(
    label: Int[Tensor, " batch"], uniform: Float[Tensor, " batch"], probability: float
) -> Int[Tensor, " batch"]:
    """The labels, each replaced by `NO_LABEL` where its number, U(0, 1), is below `probability`."""
    return label.masked_fill(uniform < probability, NO_LABEL)


def guided(network: TimedNetwork, label: Tensor | None, scale: float) -> Field:
    """(x, t) -> v_none + scale (v_label - v_none), classifier-free guidance, v being what the network returns.

    Above 1 samples become more typical of their labels and vary less. At 1 and at 0 one term alone is left, and the
    network is evaluated once. Source: Ho & Salimans (2022), arXiv:2207.12598, equation 6, whose w is scale - 1.
    """
    if scale == 1:
        return lambda x, t: network(x, t, label)
    if scale == 0:
        return lambda x, t: network(x, t, None)

    def field(x: Tensor, t: Tensor) -> Tensor:
        without = network(x, t, None)
        return without + scale * (network(x, t, label) - without)

    return field
