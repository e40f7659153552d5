"""DCGAN as its well-known TensorFlow port has it: 5x5 kernels, SAME padding, batch norm in both players.

Sizes halve upwards, so any square picture will do: 28 -> 14 -> 7 -> 4 -> 2. Source: the public code of PacGAN's Stacked
MNIST (arXiv:1712.04086), which took it from carpedm20/DCGAN-tensorflow.
"""

from itertools import pairwise

from jaxtyping import Float, Int
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.networks.outputs import bounded, square_size
from honmono.networks.same_padding import SameConv2d, SameConvTranspose2d, same_size


KERNEL, STRIDE = 5, 2
STD = 0.02


def _sizes(sample_shape: tuple[int, ...], num_classes: int, levels: int) -> list[int]:
    """Sides of the picture and of the maps below it, the largest first."""
    if num_classes > 0:
        raise Refused(f"this DCGAN takes no labels, and {num_classes} classes were asked for: set conditional=false")
    if levels < 1:
        raise Refused(f"levels is {levels}; a DCGAN halves its pictures at least once")
    sizes = [square_size(sample_shape)]
    for _ in range(levels):
        sizes.append(same_size(sizes[-1], STRIDE))
    return sizes


class SameDCGANGenerator(nn.Module):
    """Latent -> the smallest map -> doubled until it is the picture; batch norm and ReLU between, tanh at the end.

    width: channels of the map just below the picture; they double with each of the `levels` below it.
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 64,
        levels: int = 4,
    ) -> None:
        super().__init__()
        *larger, base = _sizes(sample_shape, num_classes, levels)
        widths = [width << level for level in reversed(range(levels))]
        self.base_shape = (widths[0], base, base)
        self.project = nn.Linear(latent_dim, widths[0] * base * base)
        layers: list[nn.Module] = []
        for before, after, size in zip(widths, [*widths[1:], sample_shape[0]], reversed(larger), strict=True):
            layers += [nn.BatchNorm2d(before), nn.ReLU()]
            layers.append(SameConvTranspose2d(before, after, KERNEL, STRIDE, size=size))
        self.grow = nn.Sequential(*layers)
        nn.init.normal_(self.project.weight, std=STD)
        nn.init.zeros_(self.project.bias)
        for part in self.grow:
            if isinstance(part, SameConvTranspose2d):
                nn.init.normal_(part.weight, std=STD)

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels size size"]:
        return bounded(self.grow(self.project(latent).unflatten(1, self.base_shape)), "tanh")


class SameDCGANDiscriminator(nn.Module):
    """Picture -> halved `levels` times, LeakyReLU 0.2, batch norm but for the first -> one logit.

    width: channels of the first map; they double with each level.
    batch_norm: it couples the samples of a batch, so real and fake are to be shown apart.
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 64,
        levels: int = 4,
        batch_norm: bool = True,
    ) -> None:
        super().__init__()
        *_, base = _sizes(sample_shape, num_classes, levels)
        widths = [sample_shape[0], *(width << level for level in range(levels))]
        layers: list[nn.Module] = []
        for level, (before, after) in enumerate(pairwise(widths)):
            layers.append(SameConv2d(before, after, KERNEL, STRIDE))
            layers += [nn.BatchNorm2d(after)] if batch_norm and level else []
            layers.append(nn.LeakyReLU(0.2))
        self.shrink = nn.Sequential(*layers, nn.Flatten())
        self.score = nn.Linear(widths[-1] * base * base, 1)
        nn.init.normal_(self.score.weight, std=STD)
        nn.init.zeros_(self.score.bias)
        for part in self.shrink:
            if isinstance(part, SameConv2d):
                nn.init.trunc_normal_(part.weight, std=STD, a=-2 * STD, b=2 * STD)

    def forward(
        self, sample: Float[Tensor, "batch channels size size"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        return self.score(self.shrink(sample)).squeeze(1)
