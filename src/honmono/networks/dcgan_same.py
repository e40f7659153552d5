"""DCGAN as in its well-known TensorFlow port: 5x5 kernels, SAME padding, batch norm in both players.

Sizes are halved rounding up, so any square picture works: 28 -> 14 -> 7 -> 4 -> 2. Source of the defaults: the public
code of PacGAN's Stacked MNIST (arXiv:1712.04086), taken from carpedm20/DCGAN-tensorflow. The other values of the
options are those of cgan-mnist-article, as are labels: one-hot, concatenated to the latent, and as maps to the
picture's channels.
"""

from itertools import pairwise
from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import conv2d

from honmono.errors import Refused
from honmono.networks.batch_norm import BiasedBatchNorm2d
from honmono.networks.label_maps import LabelMapsConv2d
from honmono.networks.outputs import bounded, square_size, with_label
from honmono.networks.same_padding import SameConv2d, SameConvTranspose2d, same_conv2d, same_size


KERNEL, STRIDE = 5, 2
STD = 0.02

Padding = Literal["same", "valid"]
RunningVariance = Literal["unbiased", "biased"]


def _sizes(sample_shape: tuple[int, ...], levels: int, padding: Padding = "same") -> list[int]:
    """Side lengths of the picture and of all smaller maps, the largest first."""
    if levels < 1:
        raise Refused(f"levels is {levels}: give at least 1")
    sizes = [square_size(sample_shape)]
    for _ in range(levels):
        sizes.append(same_size(sizes[-1], STRIDE) if padding == "same" else (sizes[-1] - KERNEL) // STRIDE + 1)
    if sizes[-1] < 1:
        least = 2 ** (levels + 2) - 3  # the size that `levels` unpadded 5x5 convolutions reduce to 1
        raise Refused(f"{levels} unpadded convolutions need pictures of {least} pixels, not {sizes[0]}: --size {least}")
    return sizes


def _down(before: int, after: int, padding: Padding, num_classes: int = 0) -> nn.Module:
    """A 5x5 convolution with stride 2, with Xavier-uniform weights and zero biases.

    num_classes: of label maps, which it convolves too.
    """
    if num_classes:
        convolve = same_conv2d if padding == "same" else conv2d
        return LabelMapsConv2d(before, num_classes, after, KERNEL, STRIDE, convolve)
    if padding == "same":
        return SameConv2d(before, after, KERNEL, STRIDE)
    layer = nn.Conv2d(before, after, KERNEL, STRIDE)
    assert layer.bias is not None
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _batch_norm(channels: int, eps: float, running_variance: RunningVariance) -> nn.BatchNorm2d:
    return (BiasedBatchNorm2d if running_variance == "biased" else nn.BatchNorm2d)(channels, eps=eps)


def _initialise_scales(module: nn.Module, std: float) -> None:
    """N(1, std) for the scales of batch norms."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d) and std > 0:
            nn.init.normal_(part.weight, mean=1.0, std=std)


def _initialise_linear(layer: nn.Linear, xavier: bool) -> None:
    nn.init.xavier_uniform_(layer.weight) if xavier else nn.init.normal_(layer.weight, std=STD)
    nn.init.zeros_(layer.bias)


class SameDCGANGenerator(nn.Module):
    """Latent -> the smallest map -> doubled up to the picture, with batch norm and ReLU between, tanh at the end.

    width: channels of the last map before the picture; they double with each of the `levels` before it.
    project_batch_norm: batch norm on the smallest map too.
    xavier: weights are initialised Xavier-uniform, as TensorFlow's layers are, rather than at N(0, 0.02).
    wide_tanh: the output is 1.7159 tanh(2x / 3) (LeCun et al., "Efficient BackProp", 1998), so that black and white, -1
        and 1, are not its limits. Values beyond them are clipped in saved pictures, not in training.
    norm_eps: added to the variances by which batch norms divide.
    norm_std: batch norms' scales are initialised at N(1, norm_std).
    running_variance: of the batches' variances divided by n - 1 ("unbiased", as torch's) or by n ("biased", as
        TensorFlow's).
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 64,
        levels: int = 4,
        project_batch_norm: bool = True,
        xavier: bool = False,
        wide_tanh: bool = False,
        norm_eps: float = 1e-5,
        norm_std: float = 0.0,
        running_variance: RunningVariance = "unbiased",
    ) -> None:
        super().__init__()
        *larger, base = _sizes(sample_shape, levels)
        widths = [width << level for level in reversed(range(levels))]
        self.num_classes = num_classes
        self.reach, self.steepness = (1.7159, 2 / 3) if wide_tanh else (1.0, 1.0)
        self.base_shape = (widths[0], base, base)
        self.project = nn.Linear(latent_dim + num_classes, widths[0] * base * base)
        layers: list[nn.Module] = []
        for before, after, size in zip(widths, [*widths[1:], sample_shape[0]], reversed(larger), strict=True):
            layers += [_batch_norm(before, norm_eps, running_variance)] if layers or project_batch_norm else []
            layers += [nn.ReLU(), SameConvTranspose2d(before, after, KERNEL, STRIDE, size=size)]
        self.grow = nn.Sequential(*layers)
        _initialise_linear(self.project, xavier)
        for part in self.grow:
            if isinstance(part, SameConvTranspose2d) and not xavier:
                nn.init.normal_(part.weight, std=STD)
        _initialise_scales(self, norm_std)

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels size size"]:
        inputs = with_label(latent, label, self.num_classes)
        made = self.grow(self.project(inputs).unflatten(1, self.base_shape))
        return self.reach * bounded(self.steepness * made, "tanh")


class SameDCGANDiscriminator(nn.Module):
    """Picture -> halved `levels` times, with LeakyReLU, and batch norm after all but the first convolution -> one
    logit.

    width: channels of the first map; they double with each level.
    batch_norm: couples the samples of a batch, so real and fake samples need separate batches.
    first_batch_norm: batch norm after the first convolution too.
    slope: of the LeakyReLU below zero.
    padding: "same", or "valid" (none): 108 pixels become 52, 24, 10, 3.
    xavier, norm_eps, norm_std, running_variance: as in the generator.
    truncated: without `xavier`, whether the convolutions' N(0, 0.02) is truncated at two standard deviations.
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 64,
        levels: int = 4,
        batch_norm: bool = True,
        first_batch_norm: bool = False,
        slope: float = 0.2,
        padding: Padding = "same",
        xavier: bool = False,
        truncated: bool = True,
        norm_eps: float = 1e-5,
        norm_std: float = 0.0,
        running_variance: RunningVariance = "unbiased",
    ) -> None:
        super().__init__()
        *_, base = _sizes(sample_shape, levels, padding)
        self.num_classes = num_classes
        widths = [sample_shape[0], *(width << level for level in range(levels))]
        layers: list[nn.Module] = []
        for level, (before, after) in enumerate(pairwise(widths)):
            layers.append(_down(before, after, padding, 0 if level else num_classes))
            if batch_norm and (level or first_batch_norm):
                layers.append(_batch_norm(after, norm_eps, running_variance))
            layers.append(nn.LeakyReLU(slope))
        self.shrink = nn.ModuleList([*layers, nn.Flatten()])  # the first takes labels
        self.score = nn.Linear(widths[-1] * base * base, 1)
        _initialise_linear(self.score, xavier)
        for part in self.shrink:
            if isinstance(part, SameConv2d | LabelMapsConv2d | nn.Conv2d) and not xavier:
                if truncated:
                    nn.init.trunc_normal_(part.weight, std=STD, a=-2 * STD, b=2 * STD)
                else:
                    nn.init.normal_(part.weight, std=STD)
        _initialise_scales(self, norm_std)

    def forward(
        self, sample: Float[Tensor, "batch channels size size"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        first, *others = self.shrink
        x = first(sample, label) if self.num_classes else first(sample)
        for layer in others:
            x = layer(x)
        return self.score(x).squeeze(1)
