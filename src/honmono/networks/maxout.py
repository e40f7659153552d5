"""Maxout layers (Goodfellow et al., 2013, arXiv:1302.4389): each unit is the maximum of several linear units."""

import math
from itertools import pairwise

from jaxtyping import Float, Int
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.networks.mlp import initialise
from honmono.networks.outputs import with_label


class Maxout(nn.Module):
    """(batch, inputs) -> (batch, outputs): the elementwise maximum of `pieces` linear maps."""

    def __init__(self, inputs: int, outputs: int, pieces: int) -> None:
        super().__init__()
        if pieces < 1:
            raise Refused(f"pieces is {pieces}: a maxout unit needs at least 1")
        self.pieces = pieces
        self.linear = nn.Linear(inputs, pieces * outputs)

    def forward(self, input: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        return self.linear(input).unflatten(1, (self.pieces, -1)).amax(1)


class MaxoutDiscriminator(nn.Module):
    """Flattened samples, with one-hot labels concatenated, through maxout layers of `widths` to one logit each.

    outcomes: the number of logits for each sample, for RealnessGAN; None: one, without a dimension of its own.
    weight_std: as in `MLPGenerator`.
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        widths: tuple[int, ...] = (200, 200, 200),
        pieces: int = 5,
        outcomes: int | None = None,
        weight_std: float | None = None,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.outcomes = outcomes
        sizes = (math.prod(sample_shape) + num_classes, *widths)
        self.hidden = nn.Sequential(*(Maxout(before, after, pieces) for before, after in pairwise(sizes)))
        self.last = nn.Linear(sizes[-1], outcomes or 1)
        initialise(self, weight_std)

    def forward(
        self, sample: Float[Tensor, "batch *sample_shape"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch *outcomes"]:
        logits = self.last(self.hidden(with_label(sample.flatten(1), label, self.num_classes)))
        return logits.squeeze(1) if self.outcomes is None else logits
