"""Convolutions with TensorFlow's SAME padding, which torch's symmetric `padding` cannot give for every size.

A strided SAME convolution makes ceil(size / stride) outputs and pads `total = (outputs - 1) * stride + kernel - size`
zeros, total // 2 before and the rest after. A transposed one is its gradient, so it crops instead.
Weights are initialised Xavier-uniform and biases at zero, as TensorFlow's layers do.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


def same_size(size: int, stride: int) -> int:
    """Outputs of a SAME convolution along one axis: ceil(size / stride)."""
    return -(-size // stride)


def _padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis of `size`; the odd one is after."""
    total = max((same_size(size, stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def same_conv2d(
    input: Float[Tensor, "batch in_channels height width"],
    weight: Float[Tensor, "out_channels in_channels kernel kernel"],
    bias: Float[Tensor, " out_channels"] | None,
    stride: int,
) -> Float[Tensor, "batch out_channels out_height out_width"]:
    """A convolution with SAME padding."""
    kernel = weight.shape[-1]
    top, bottom = _padding(input.shape[-2], kernel, stride)
    left, right = _padding(input.shape[-1], kernel, stride)
    if (top, left) == (bottom, right):  # the convolution's own padding saves a copy
        return functional.conv2d(input, weight, bias, stride, (top, left))
    return functional.conv2d(functional.pad(input, (left, right, top, bottom)), weight, bias, stride)


class SameConv2d(nn.Module):
    """(batch, in_channels, height, width) -> (batch, out_channels, ceil(height / stride), ceil(width / stride))."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        nn.init.xavier_uniform_(self.weight)

    def forward(
        self, input: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        return same_conv2d(input, self.weight, self.bias, self.stride)


class SameConvTranspose2d(nn.Module):
    """(batch, in_channels, n, n) -> (batch, out_channels, size, size), for n = ceil(size / stride)."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int, *, size: int) -> None:
        super().__init__()
        self.stride = stride
        self.size = size
        self.weight = nn.Parameter(torch.empty(in_channels, out_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        nn.init.xavier_uniform_(self.weight)

    def forward(
        self, input: Float[Tensor, "batch in_channels n n"]
    ) -> Float[Tensor, "batch out_channels {self.size} {self.size}"]:
        assert input.shape[-1] == same_size(self.size, self.stride), (input.shape, self.size)
        before, _ = _padding(self.size, self.weight.shape[-1], self.stride)
        # `padding` crops both sides by `before`; what SAME crops beyond that is at the end. A kernel smaller than its
        # stride leaves positions after the last input that only the bias reaches.
        made = (input.shape[-1] - 1) * self.stride - 2 * before + self.weight.shape[-1]
        missing = max(self.size - made, 0)
        output = functional.conv_transpose2d(input, self.weight, self.bias, self.stride, before, missing)
        return output[..., : self.size, : self.size]
