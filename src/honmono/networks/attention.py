"""Self-attention with second derivatives, which gradient penalties need and torch's fast kernels lack."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.networks.outputs import full


def attention(
    query: Float[Tensor, "*batch queries dimension"],
    key: Float[Tensor, "*batch keys dimension"],
    value: Float[Tensor, "*batch keys width"],
) -> Float[Tensor, "*batch queries width"]:
    """softmax(query key^T / sqrt(dimension)) value, the softmax at least in float32.

    The same as torch's `scaled_dot_product_attention`, by operations that have second derivatives. All queries x keys
    weights are kept in memory. Source: Vaswani et al. (2017), arXiv:1706.03762, equation 1.
    """
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    return full(scores).softmax(-1).to(value.dtype) @ value


@final
class SelfAttention2d(nn.Module):
    """x + gamma * multi-head self-attention between all positions of a feature map.

    gamma is learned and starts at 0, where the layer is the identity. Memory grows with the square of the number of
    positions: use it on maps of 32x32 or smaller. Source: Zhang et al., SAGAN (2018), arXiv:1805.08318, section 3;
    heads as in Vaswani et al. (2017), arXiv:1706.03762.
    """

    def __init__(self, channels: int, heads: int = 1) -> None:
        super().__init__()
        if heads < 1 or channels % heads:
            raise Refused(
                f"SelfAttention2d: {heads} heads do not divide {channels} channels evenly: give a divisor of {channels}"
            )
        self.heads = heads
        self.project = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.join = nn.Conv2d(channels, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
        parts = self.project(x).flatten(2).unflatten(1, (3, self.heads, -1)).transpose(-2, -1)
        attended = attention(*parts.unbind(1)).transpose(-2, -1)  # (batch, heads, dimension, positions)
        return x + self.gamma * self.join(attended.flatten(1, 2).unflatten(2, x.shape[2:]))
