"""Layers with equalized learning rate (Karras et al., 2017, arXiv:1710.10196, section 4.1)."""

from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear


HE = sqrt(2)  # the gain for ReLU-like activations (He et al., 2015, arXiv:1502.01852)


class EqualizedConv2d(nn.Module):
    """A convolution with equalized learning rate: weights are initialised at N(0, 1) and multiplied by
    gain / sqrt(fan_in) in every forward pass; biases start at 0 and are not scaled. The size of the maps is kept.

    Adam's steps do not depend on the scale of a weight, so all weights then change at the same relative speed.

    equalized: False: the weights are scaled once, at initialisation, as is usual.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, gain: float = HE, equalized: bool = True) -> None:
        super().__init__()
        self.weight, self.scale = _weight((outputs, inputs, kernel, kernel), gain, equalized)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.padding = kernel // 2

    def forward(self, x: Float[Tensor, "batch inputs height width"]) -> Float[Tensor, "batch outputs height width"]:
        return conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


class EqualizedLinear(nn.Module):
    """A fully connected layer with equalized learning rate, as `EqualizedConv2d`."""

    def __init__(
        self, inputs: int, outputs: int, *, gain: float = HE, equalized: bool = True, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight, self.scale = _weight((outputs, inputs), gain, equalized)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        return linear(x, self.weight * self.scale, self.bias)


def _weight(shape: tuple[int, ...], gain: float, equalized: bool) -> tuple[nn.Parameter, float]:
    """A weight and the factor by which a forward pass multiplies it."""
    scale = gain / sqrt(torch.Size(shape[1:]).numel())
    return nn.Parameter(torch.randn(shape) * (1.0 if equalized else scale)), scale if equalized else 1.0
