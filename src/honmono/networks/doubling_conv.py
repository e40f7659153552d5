"""A 3x3 convolution of a map doubled by nearest neighbours, as one transposed convolution.

Doubling is a transposed convolution with a 2x2 kernel of ones and a stride of 2. With the 3x3 kernel behind it, it is
one with the 4x4 kernel that is the convolution of both: the same sums with 4/9 of the products, and no doubled map in
memory. PGGAN's authors compute theirs so, too (arXiv:1710.10196; "fused scale" in their code).
"""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, conv_transpose2d, interpolate


LEAST_PLACES = 32  # on smaller maps making the 4x4 kernel takes longer than is gained (benchmarks/README.md)


def conv_of_doubled(
    x: Float[Tensor, "batch inputs height width"],
    weight: Float[Tensor, "outputs inputs 3 3"],
    bias: Float[Tensor, " outputs"] | None,
    size: tuple[int, int] | None = None,
) -> Float[Tensor, "batch outputs high wide"]:
    """The convolution of x doubled in height and width, with a padding of 1.

    size: of the result, 2 n or 2 n - 1 for a side of n; None: twice the size.
    """
    height, width = x.shape[2:]
    double = (2 * height, 2 * width)
    if size not in (None, double) or height * width < LEAST_PLACES:
        return conv2d(interpolate(x, size or double), weight, bias, padding=1)
    # Four times the means of 2x2 weights are their sums; a transposed convolution turns its kernel around.
    sums = 4 * avg_pool2d(weight.flip(2, 3).transpose(0, 1), 2, stride=1, padding=1)
    return conv_transpose2d(x, sums, bias, stride=2, padding=1)


class DoublingConv2d(nn.Conv2d):
    """Doubles a map by nearest neighbours and convolves it by a 3x3 kernel, with a padding of 1."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)

    def forward(
        self, input: Float[Tensor, "batch inputs height width"], size: tuple[int, int] | None = None
    ) -> Float[Tensor, "batch outputs high wide"]:
        return conv_of_doubled(input, self.weight, self.bias, size)
