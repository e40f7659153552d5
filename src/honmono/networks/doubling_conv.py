"""A 3x3 convolution of a map doubled by nearest neighbours, as one transposed convolution.

Doubling is a transposed convolution with a 2x2 kernel of ones and a stride of 2. With the 3x3 kernel behind it, it is
one with the 4x4 kernel that is the convolution of both: the same sums with 4/9 of the products, and no doubled map in
memory. PGGAN's authors do the same (arXiv:1710.10196; "fused scale" in their code).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, interpolate


# Of a batch's maps together: with fewer, making the 4x4 kernel takes longer than it saves (benchmarks/README.md).
LEAST_PLACES = 512


def conv_of_doubled(
    x: Float[Tensor, "batch inputs height width"],
    weight: Float[Tensor, "outputs inputs 3 3"],
    bias: Float[Tensor, " outputs"] | None,
    size: tuple[int, int] | None = None,
) -> Float[Tensor, "batch outputs high wide"]:
    """The convolution of x doubled in height and width, with a padding of 1.

    size: of the result, 2 n or 2 n - 1 for a side of n; None: twice the size.
    """
    batch, _, height, width = x.shape
    double = (2 * height, 2 * width)
    # In an export the batch size is a symbol, and the kernel is a constant that costs nothing.
    few = isinstance(batch, int) and batch * height * width < LEAST_PLACES
    if few or size not in (None, double):
        return conv2d(interpolate(x, size or double), weight, bias, padding=1)
    kernel = _with_ones(_with_ones(weight.transpose(0, 1), 2), 3)
    return conv_transpose2d(x, kernel, bias, stride=2, padding=1)


def _with_ones(kernel: Tensor, axis: int) -> Tensor:
    """A kernel (a, b, c) along an axis becomes (c, b + c, a + b, a): its convolution with (1, 1), which doubles by
    nearest neighbours, in the reverse order of places that a transposed convolution needs."""
    first, middle, last = kernel.unbind(axis)
    return torch.stack([last, middle + last, first + middle, first], axis)


class DoublingConv2d(nn.Conv2d):
    """Doubles a map by nearest neighbours and convolves it by a 3x3 kernel, with a padding of 1."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)

    def forward(
        self, input: Float[Tensor, "batch inputs height width"], size: tuple[int, int] | None = None
    ) -> Float[Tensor, "batch outputs high wide"]:
        return conv_of_doubled(input, self.weight, self.bias, size)
