"""Doubling and halving of maps with a smooth filter, in place of nearest neighbours and averages of four pixels."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d


TAPS = (1.0, 3.0, 3.0, 1.0)  # binomial, in each direction, as in the authors' code of StyleGAN2 (arXiv:1912.04958)


def smoothed(
    x: Float[Tensor, "batch channels h w"], padding: int, gain: float = 1.0, stride: int = 1
) -> Float[Tensor, "batch channels high wide"]:
    """x filtered by the outer product of `TAPS` with itself, whose sum is `gain`.

    padding: zeros on each of the four sides; a side of n becomes n + 2 padding - 3 with a stride of 1.
    """
    return conv2d(x, _kernel(x, gain), None, stride, padding, groups=x.shape[1])


def downsampled(x: Float[Tensor, "batch channels h w"]) -> Float[Tensor, "batch channels half_h half_w"]:
    """Half the size: filtered, then every other pixel."""
    return smoothed(x, 1, stride=2)


def upsampled(x: Float[Tensor, "batch channels h w"]) -> Float[Tensor, "batch channels twice_h twice_w"]:
    """Twice the size: zeros between the pixels, then the filter, which keeps the value of constant maps inside."""
    return conv_transpose2d(x, _kernel(x, 4.0), stride=2, padding=1, groups=x.shape[1])


def _kernel(x: Tensor, gain: float) -> Float[Tensor, "channels 1 4 4"]:
    taps = torch.tensor(TAPS, dtype=x.dtype, device=x.device)
    kernel = taps[:, None] * taps * (gain / taps.sum().square())
    return kernel.expand(x.shape[1], 1, -1, -1)
