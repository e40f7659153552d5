"""Layers with equalized learning rate (Karras et al., 2017, arXiv:1710.10196, section 4.1)."""

from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

from honmono.networks.doubling_conv import conv_of_doubled


HE = sqrt(2)  # the gain for ReLU-like activations (He et al., 2015, arXiv:1502.01852)


class EqualizedConv2d(nn.Module):
    """A convolution with equalized learning rate: weights are initialised at N(0, 1) and multiplied by
    gain / sqrt(fan_in) in every forward pass; biases start at 0 and are not scaled.

    Adam's steps do not depend on the scale of a weight, so all weights then change at the same relative speed.

    equalized: False: the weights are scaled once, at initialisation, as is usual.
    padding: None: half of the kernel, which keeps the size where the stride is 1.
    doubles: whether x is doubled by nearest neighbours before a 3x3 convolution.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        gain: float = HE,
        equalized: bool = True,
        bias: bool = True,
        stride: int = 1,
        padding: int | None = None,
        doubles: bool = False,
    ) -> None:
        super().__init__()
        assert not doubles or (kernel, stride, padding) == (3, 1, None)
        self.doubles = doubles
        self.weight, self.scale = _weight((outputs, inputs, kernel, kernel), gain, equalized)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.stride, self.padding = stride, kernel // 2 if padding is None else padding

    def forward(self, x: Float[Tensor, "batch inputs height width"]) -> Float[Tensor, "batch outputs high wide"]:
        if self.doubles:
            return conv_of_doubled(x, self.weight * self.scale, self.bias)
        return conv2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)


class EqualizedLinear(nn.Module):
    """A fully connected layer with equalized learning rate, as `EqualizedConv2d`.

    rate: a factor on its learning rate: weights are initialised at N(0, 1 / rate^2), and both weights and biases are
        multiplied by it in every forward pass.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        gain: float = HE,
        equalized: bool = True,
        bias: bool = True,
        rate: float = 1.0,
    ) -> None:
        super().__init__()
        weight, scale = _weight((outputs, inputs), gain, equalized)
        self.weight, self.scale = nn.Parameter(weight.detach() / rate), scale * rate
        self.bias, self.rate = nn.Parameter(torch.zeros(outputs)) if bias else None, rate

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        bias = self.bias if self.bias is None or self.rate == 1 else self.bias * self.rate
        return linear(x, self.weight * self.scale, bias)


def _weight(shape: tuple[int, ...], gain: float, equalized: bool) -> tuple[nn.Parameter, float]:
    """A weight and the factor by which a forward pass multiplies it."""
    scale = gain / sqrt(torch.Size(shape[1:]).numel())
    return nn.Parameter(torch.randn(shape) * (1.0 if equalized else scale)), scale if equalized else 1.0
