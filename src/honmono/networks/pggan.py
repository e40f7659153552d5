"""The growing generator and discriminator of Karras et al., progressive growing of GANs (2017, arXiv:1710.10196),
appendix A.

A map at stage s (s = 0: the base grid, 4x4 for powers of two) has features / 2^(s + 1) channels, at most `max_width`.
For 32x32 grey pictures the defaults give 20,715,524 parameters in the generator and 20,722,689 in the discriminator.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from honmono.errors import Refused
from honmono.networks.doubling import doublings
from honmono.networks.equalized import HE, EqualizedConv2d, EqualizedLinear
from honmono.networks.growing import GrowingNetwork, enlarged, halved
from honmono.networks.outputs import full, square_size


SLOPE = 0.2


def pixel_norm(x: Float[Tensor, "batch channels *position"]) -> Float[Tensor, "batch channels *position"]:
    """x / sqrt(mean over channels of x^2 + 1e-8), the mean at least in float32."""
    return x * (full(x).square().mean(1, keepdim=True) + 1e-8).rsqrt().to(x.dtype)


def minibatch_stddev(x: Float[Tensor, "batch channels h w"], group: int) -> Float[Tensor, "batch 1 h w"]:
    """Minibatch standard deviation: one constant map for each sample, to be concatenated to its features.

    group: the size of groups, or the largest smaller one that divides the batch. A group is every (batch / group)-th
        sample. The (biased) standard deviation within a group is averaged over all features.
    """
    size = max(size for size in range(1, min(group, len(x)) + 1) if len(x) % size == 0)
    groups = full(x).unflatten(0, (size, len(x) // size))
    variance = (groups - groups.mean(0)).square().mean(0)
    deviation = (variance + 1e-8).sqrt().mean((1, 2, 3)).to(x.dtype)
    return deviation.repeat(size).view(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])


def _stages(sample_shape: tuple[int, ...], num_classes: int) -> tuple[int, ...]:
    if num_classes > 0:
        raise Refused("PGGAN has no input for labels: use --set conditional=false")
    size = square_size(sample_shape)
    levels = doublings(size, "PGGAN")
    return tuple(size >> (levels - stage) for stage in range(levels + 1))


def _widths(stages: int, features: int, max_width: int) -> list[int]:
    return [max(1, min(features >> (stage + 1), max_width)) for stage in range(stages)]


def _layers(blocks: nn.ModuleList, stage: int) -> nn.ModuleList:
    layers = blocks[stage]
    assert isinstance(layers, nn.ModuleList)
    return layers


class PGGANGenerator(GrowingNetwork):
    """Normalised latent -> base grid -> per stage: nearest-neighbour upsampling, two 3x3 convolutions -> 1x1 to
    colours.

    LeakyReLU 0.2 and pixel norm after each layer; the output is linear. In evaluation mode pictures of earlier stages
    are enlarged to full size, so that samples always have the same shape.
    pixel_norm, equalized: False turns them off; latents are normalised in any case.
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        features: int = 8192,
        max_width: int = 512,
        pixel_norm: bool = True,
        equalized: bool = True,
    ) -> None:
        super().__init__(_stages(sample_shape, num_classes))
        widths, base = _widths(len(self.sizes), features, max_width), self.sizes[0]
        self.pixel_norm, self.base_shape = pixel_norm, (widths[0], base, base)
        gain = HE / 4  # the authors' choice for the projection
        self.project = EqualizedLinear(latent_dim, widths[0] * base**2, gain=gain, equalized=equalized, bias=False)
        self.project_bias = nn.Parameter(torch.zeros(widths[0], 1, 1))
        self.blocks = nn.ModuleList()
        for before, width in zip([None, *widths], widths, strict=False):
            grow = [] if before is None else [EqualizedConv2d(before, width, 3, equalized=equalized, doubles=True)]
            self.blocks.append(nn.ModuleList([*grow, EqualizedConv2d(width, width, 3, equalized=equalized)]))
        self.to_colours = nn.ModuleList(
            EqualizedConv2d(width, sample_shape[0], 1, gain=1, equalized=equalized) for width in widths
        )

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels size size"]:
        latent = pixel_norm(latent)
        old = x = self._activated(self.project(latent).unflatten(1, self.base_shape) + self.project_bias)
        for stage in range(self.stage + 1):
            old = x
            for layer in _layers(self.blocks, stage):
                x = self._activated(layer(x))
        picture = self.to_colours[self.stage](x)
        if self.fading:
            picture = self.faded(enlarged(self.to_colours[self.stage - 1](old), self.sizes[self.stage]), picture)
        return picture if self.training else enlarged(picture, self.sizes[-1])

    def _activated(self, x: Tensor) -> Tensor:
        x = leaky_relu(x, SLOPE)
        return pixel_norm(x) if self.pixel_norm else x


class PGGANDiscriminator(GrowingNetwork):
    """Picture -> 1x1 from colours -> per stage: two 3x3 convolutions, average pooling -> base grid with a map of the
    minibatch standard deviation -> 3x3 convolution -> two fully connected layers -> one score. LeakyReLU 0.2.

    group: the group size of the minibatch standard deviation; 0: none, and no sample's score depends on the others.
    equalized: as in the generator.
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        features: int = 8192,
        max_width: int = 512,
        group: int = 4,
        equalized: bool = True,
    ) -> None:
        super().__init__(_stages(sample_shape, num_classes))
        widths, base = _widths(len(self.sizes), features, max_width), self.sizes[0]
        self.group, self.couples_samples = group, group > 1
        self.from_colours = nn.ModuleList(
            EqualizedConv2d(sample_shape[0], width, 1, equalized=equalized) for width in widths
        )
        last = EqualizedConv2d(widths[0] + (group > 0), widths[0], 3, equalized=equalized)
        self.blocks = nn.ModuleList([nn.ModuleList([last])])
        for width, after in zip(widths[1:], widths, strict=False):
            pair = (EqualizedConv2d(width, one, 3, equalized=equalized) for one in (width, after))
            self.blocks.append(nn.ModuleList(pair))
        self.dense = EqualizedLinear(widths[0] * base**2, widths[0], equalized=equalized)
        self.score = EqualizedLinear(widths[0], 1, gain=1, equalized=equalized)

    def forward(
        self, sample: Float[Tensor, "batch channels size size"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        x = leaky_relu(self.from_colours[self.stage](sample), SLOPE)
        for stage in range(self.stage, 0, -1):
            x = halved(self._through(stage, x))
            if self.fading and stage == self.stage:
                x = self.faded(leaky_relu(self.from_colours[stage - 1](halved(sample)), SLOPE), x)
        if self.group > 0:
            x = torch.cat([x, minibatch_stddev(x, self.group)], dim=1)
        x = self._through(0, x).flatten(1)
        return self.score(leaky_relu(self.dense(x), SLOPE)).squeeze(1)

    def _through(self, stage: int, x: Tensor) -> Tensor:
        for layer in _layers(self.blocks, stage):
            x = leaky_relu(layer(x), SLOPE)
        return x
