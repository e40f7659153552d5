"""The networks of StyleGAN2 (Karras et al., 2019, arXiv:1912.04958): skip generator, residual discriminator.

Sizes are a base grid of 4 to 7 pixels that is doubled, so that 28x28 pictures need no padding.
"""

from itertools import pairwise
from math import prod, sqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, normalize

from honmono.networks.doubling import doubled_maps
from honmono.networks.equalized import EqualizedConv2d, EqualizedLinear
from honmono.networks.outputs import full
from honmono.networks.pggan import minibatch_stddev, pixel_norm
from honmono.networks.resampling import downsampled, smoothed, upsampled
from honmono.networks.styles import StyleGenerator


NOISES = 16  # maps of which the noise of each sample is combined, and the coefficients at the end of each style


def activated(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """LeakyReLU 0.2 times sqrt(2), which about keeps the variance; the layers before it have a gain of 1."""
    return leaky_relu(x, 0.2) * sqrt(2)


class ModulatedConv2d(nn.Module):
    """A convolution whose input channels are scaled by each sample's style, and its outputs to unit variance.

    With s = affine(style), y_j = d_j sum_i conv(s_i x_i, w_ij) and d_j = 1 / sqrt(sum_ik (s_i w_ijk)^2 + 1e-8)
    (equations 1 and 3). Maps are scaled, not weights, so that one convolution serves a batch of any size.

    doubled: the convolution doubles the size: transposed, with stride 2, then smoothed.
    demodulated: False: d = 1, as for layers that make colours.
    """

    def __init__(
        self, style: int, inputs: int, outputs: int, kernel: int, *, doubled: bool = False, demodulated: bool = True
    ) -> None:
        super().__init__()
        self.affine = EqualizedLinear(style, inputs, gain=1.0, bias=False)
        self.affine_bias = nn.Parameter(torch.ones(inputs))
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale, self.padding = 1 / sqrt(inputs * kernel**2), kernel // 2
        self.doubled, self.demodulated = doubled, demodulated

    def forward(
        self, x: Float[Tensor, "batch inputs h w"], style: Float[Tensor, "batch style"]
    ) -> Float[Tensor, "batch outputs high wide"]:
        scale, weight = self.affine(style) + self.affine_bias, self.weight * self.scale
        x = x * scale[:, :, None, None].to(x.dtype)
        if self.doubled:
            x = smoothed(conv_transpose2d(x, weight.transpose(0, 1), stride=2), padding=1, gain=4.0)
        else:
            x = conv2d(x, weight, padding=self.padding)
        if not self.demodulated:
            return x
        variance = full(scale).square() @ full(weight).square().sum((2, 3)).T
        return x * (variance + 1e-8).rsqrt()[:, :, None, None].to(x.dtype)


class StyledLayer(nn.Module):
    """Modulated 3x3 convolution, noise, bias, activation.

    size: height and width of its maps. The noise, N(0, 1) for each position, is drawn anew in training. Otherwise it is
    a sum of fixed maps by each sample's coefficients, scaled to length 1, so that a latent always gives the same
    picture, and different latents have different noise. Its strength begins at 0.
    """

    def __init__(self, style: int, inputs: int, outputs: int, size: tuple[int, int], *, doubled: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv2d(style, inputs, outputs, 3, doubled=doubled)
        self.strength = nn.Parameter(torch.zeros(1))
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.noise: Tensor
        self.register_buffer("noise", torch.randn(NOISES, *size))

    def forward(
        self,
        x: Float[Tensor, "batch inputs h w"],
        style: Float[Tensor, "batch style"],
        coefficients: Float[Tensor, "batch noises"],
    ) -> Float[Tensor, "batch outputs high wide"]:
        x = self.conv(x, style)
        if self.training:
            noise = x.new_empty(x.shape[0], 1, *x.shape[2:]).normal_()
        else:
            noise = (normalize(coefficients) @ self.noise.flatten(1)).unflatten(1, (1, *self.noise.shape[1:]))
        return activated(x + self.strength.to(x.dtype) * noise.to(x.dtype) + self.bias.to(x.dtype))


class StyleGAN2Generator(StyleGenerator):
    """Latent -> normalised -> mapping network -> styles; constant -> layers with styles -> sum of colours.

    A label has an embedding, normalised and concatenated to the latent. Each size has two layers, the smallest one;
    their colours are summed, each sum smoothly doubled for the next size. The output is linear.

    A style ends in coefficients of its layer's noise, a fixed projection of the latent.

    width: channels at the picture's own size; they double towards the base grid, up to `max_width`.
    style: the width of styles, without these.
    mapping: the number of the mapping network's layers, which learn at a hundredth of the learning rate.
    mixing: how often, in training, the styles from a random layer on are those of second latents, so that neighbouring
        layers do not rely on each other (Karras et al., 2018, arXiv:1812.04948, section 3.1).
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 32,
        max_width: int = 512,
        style: int = 512,
        mapping: int = 8,
        mixing: float = 0.9,
    ) -> None:
        super().__init__()
        base, halved = doubled_maps(sample_shape, 2 * width, max_width, "StyleGAN2")
        widths = [*reversed(halved), min(width, max_width)]
        self.embedding = nn.Embedding(num_classes, latent_dim) if num_classes > 0 else None
        inputs = [latent_dim * (2 if num_classes > 0 else 1), *[style] * (mapping - 1)]
        self.mapping = nn.ModuleList(EqualizedLinear(one, style, gain=1.0, rate=0.01) for one in inputs)
        self.projection: Tensor
        self.register_buffer("projection", torch.randn(latent_dim, NOISES))
        self.constant = nn.Parameter(torch.randn(widths[0], *base))
        sizes = [(base[0] << level, base[1] << level) for level in range(len(widths))]
        layers = [StyledLayer(style, widths[0], widths[0], base)]
        for (before, after), size in zip(pairwise(widths), sizes[1:], strict=True):
            layers += [StyledLayer(style, before, after, size, doubled=True), StyledLayer(style, after, after, size)]
        self.layers = nn.ModuleList(layers)
        colours = (ModulatedConv2d(style, one, sample_shape[0], 1, demodulated=False) for one in widths)
        self.colours = nn.ModuleList(colours)
        self.colour_biases = nn.Parameter(torch.zeros(len(widths), sample_shape[0], 1, 1))
        self.num_styles, self.mixing = len(layers) + 1, mixing

    def styles(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch num_styles style_and_noises"]:
        styles = self._mapped(latent, label)[:, None].expand(-1, self.num_styles, -1)
        if not self.training or self.mixing == 0:
            return styles
        other = self._mapped(torch.randn_like(latent), label)[:, None]
        # From this layer on; where none is mixed, after the last one.
        start = torch.randint(1, self.num_styles, (1,), device=latent.device)
        start = torch.where(torch.rand(1, device=latent.device) < self.mixing, start, self.num_styles)
        own = torch.arange(self.num_styles, device=latent.device) < start
        return torch.where(own[:, None], styles, other)

    def pictures(
        self, styles: Float[Tensor, "batch num_styles style_and_noises"]
    ) -> Float[Tensor, "batch channels h w"]:
        styles, coefficients = styles[..., :-NOISES], styles[..., -NOISES:]
        x = self.constant.expand(styles.shape[0], -1, -1, -1)
        x = self.layers[0](x, styles[:, 0], coefficients[:, 0])
        picture = self._colours(0, x, styles[:, 1])
        for level in range(1, len(self.colours)):
            for place in (2 * level - 1, 2 * level):
                x = self.layers[place](x, styles[:, place], coefficients[:, place])
            picture = upsampled(picture) + self._colours(level, x, styles[:, 2 * level + 1])
        return picture

    def _mapped(self, latent: Tensor, label: Tensor | None) -> Float[Tensor, "batch style_and_noises"]:
        x = pixel_norm(latent)
        coefficients = x @ self.projection.to(x.dtype)
        if self.embedding is not None:
            assert label is not None, "a conditional generator needs labels"
            x = torch.cat([x, pixel_norm(self.embedding(label)).to(x.dtype)], dim=1)
        for layer in self.mapping:
            x = activated(layer(x))
        return torch.cat([x, coefficients.to(x.dtype)], dim=1)

    def _colours(self, level: int, x: Tensor, style: Tensor) -> Float[Tensor, "batch channels h w"]:
        return full(self.colours[level](x, style)) + self.colour_biases[level]


class ResidualHalving(nn.Module):
    """(branch(x) + skip(x)) / sqrt(2): two 3x3 convolutions of which the second halves the size; skip a 1x1 one."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualizedConv2d(inputs, inputs, 3, gain=1.0)
        self.second = EqualizedConv2d(inputs, outputs, 3, gain=1.0, stride=2, padding=0)
        self.skip = EqualizedConv2d(inputs, outputs, 1, gain=1.0, bias=False)

    def forward(self, x: Float[Tensor, "batch inputs h w"]) -> Float[Tensor, "batch outputs half_h half_w"]:
        branch = activated(self.second(smoothed(activated(self.first(x)), padding=2)))
        return (branch + self.skip(downsampled(x))) / sqrt(2)


class StyleGAN2Discriminator(nn.Module):
    """Picture -> 1x1 from colours -> residual blocks that halve the size -> base grid with a map of the minibatch
    standard deviation -> 3x3 convolution -> two fully connected layers -> one score.

    width, max_width: as in the generator. group: of the minibatch standard deviation; 0: none.
    With labels the score is (w + v_label / sqrt(width of h)) . h(x), a projection (Miyato & Koyama, 2018,
    arXiv:1802.05637), scaled as by Karras et al. (2020, arXiv:2006.06676).
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 32,
        max_width: int = 512,
        group: int = 4,
    ) -> None:
        super().__init__()
        base, halved = doubled_maps(sample_shape, 2 * width, max_width, "StyleGAN2")
        widths = [min(width, max_width), *halved]
        self.group, self.couples_samples = group, group > 1
        self.from_colours = EqualizedConv2d(sample_shape[0], widths[0], 1, gain=1.0)
        self.blocks = nn.ModuleList(ResidualHalving(*pair) for pair in pairwise(widths))
        self.last = EqualizedConv2d(widths[-1] + (group > 0), widths[-1], 3, gain=1.0)
        self.dense = EqualizedLinear(widths[-1] * prod(base), widths[-1], gain=1.0)
        self.score = EqualizedLinear(widths[-1], 1, gain=1.0)
        self.embedding = nn.Embedding(num_classes, widths[-1]) if num_classes > 0 else None

    def forward(
        self, sample: Float[Tensor, "batch channels height width"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        x = activated(self.from_colours(sample))
        for block in self.blocks:
            x = block(x)
        if self.group > 0:
            x = torch.cat([x, minibatch_stddev(x, self.group)], dim=1)
        x = activated(self.last(x))
        x = activated(self.dense(x.flatten(1)))
        score = full(self.score(x)).squeeze(1)
        if self.embedding is not None:
            assert label is not None, "a conditional discriminator needs labels"
            score = score + (self.embedding(label) * full(x)).sum(1) / sqrt(x.shape[1])
        return score
