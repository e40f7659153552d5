"""RealnessGAN's networks: the discriminator gives each sample one number for every outcome, not one score.

Those of the paper are the DCGAN of its authors' code (kam1107/RealnessGAN); those of the article are smaller and have
no normalisation at all.
"""

from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm as spectrally_normalised

from honmono.errors import Refused
from honmono.networks.dcgan import initialise
from honmono.networks.outputs import bounded, square_size


def _halvings(sample_shape: tuple[int, ...], num_classes: int) -> int:
    """How often the picture is halved on its way to 4x4."""
    size = square_size(sample_shape)
    if num_classes > 0:
        raise Refused(f"RealnessGAN's networks take no labels, and {num_classes} classes were asked for")
    if size < 8 or size & (size - 1):
        near = max(8, 1 << (size.bit_length() - 1))
        raise Refused(f"RealnessGAN's networks double a 4x4 grid, which never gives {size}x{size}: add --size {near}")
    return size.bit_length() - 3


class RealnessArticleGenerator(nn.Module):
    """Linear to width x 4 x 4, then 3x3 convolution, ReLU and nearest doubling until it is the picture; sigmoid.

    32x32x3 gives the article's 80,323 parameters. No activation after the linear layer, no normalisation.
    """

    def __init__(
        self, *, latent_dim: int, sample_shape: tuple[int, ...], num_classes: int = 0, width: int = 32
    ) -> None:
        super().__init__()
        self.base_shape = (width, 4, 4)
        self.project = nn.Linear(latent_dim, width * 4 * 4)
        layers: list[nn.Module] = []
        for _ in range(_halvings(sample_shape, num_classes)):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2)]
        self.grow = nn.Sequential(*layers, nn.Conv2d(width, sample_shape[0], 3, padding=1))

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels size size"]:
        return bounded(self.grow(self.project(latent).unflatten(1, self.base_shape)), "sigmoid")


class RealnessArticleDiscriminator(nn.Module):
    """3x3 convolution, ReLU and average pooling down to 4x4, one more convolution and ReLU, then linear to outcomes.

    32x32x3 and 20 outcomes give the article's 38,900 parameters. No normalisation.
    """

    def __init__(
        self, *, sample_shape: tuple[int, ...], num_classes: int = 0, width: int = 32, outcomes: int = 20
    ) -> None:
        super().__init__()
        halvings = _halvings(sample_shape, num_classes)
        layers: list[nn.Module] = []
        for inputs in (sample_shape[0], *[width] * (halvings - 1)):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2)]
        self.shrink = nn.Sequential(*layers, nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Flatten())
        self.head = nn.Linear(width * 4 * 4, outcomes)

    def forward(
        self, sample: Float[Tensor, "batch channels size size"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch outcomes"]:
        return self.head(self.shrink(sample))


class RealnessGenerator(nn.Module):
    """4x4 transposed convolutions from 1x1 up, batch norm and ReLU between, tanh; no biases.

    width: channels of the map below the picture; they double towards the 4x4 grid without a limit: size / 8 * width.
    """

    def __init__(
        self, *, latent_dim: int, sample_shape: tuple[int, ...], num_classes: int = 0, width: int = 32
    ) -> None:
        super().__init__()
        halvings = _halvings(sample_shape, num_classes)
        widths = [width << level for level in reversed(range(halvings))]
        layers: list[nn.Module] = [nn.ConvTranspose2d(latent_dim, widths[0], 4, bias=False)]
        for before, after in pairwise(widths):
            layers += [nn.BatchNorm2d(before), nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)]
        layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.ConvTranspose2d(width, sample_shape[0], 4, 2, 1, bias=False)]
        self.grow = nn.Sequential(*layers)
        initialise(self, linear=False)

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels size size"]:
        return bounded(self.grow(latent[:, :, None, None]), "tanh")


class RealnessDiscriminator(nn.Module):
    """4x4 convolutions with stride 2 down to 4x4, LeakyReLU 0.2, then linear to outcomes; no biases, no batch norm.

    width: channels of the first map; they double from map to map without a limit.
    resampling: a head of twice as many outputs gives each outcome a mean and a log variance, from which it is drawn, in
        both players' updates, from torch's default generator ("feature resampling").
    spectral_norm: divides every layer's weight, the head's too, by its largest singular value.
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 32,
        outcomes: int = 20,
        resampling: bool = False,
        spectral_norm: bool = True,
    ) -> None:
        super().__init__()
        widths = [width << level for level in range(_halvings(sample_shape, num_classes))]
        self.resampling = resampling
        layers: list[nn.Module] = []
        for before, after in pairwise([sample_shape[0], *widths]):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        self.shrink = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(widths[-1] * 4 * 4, 2 * outcomes if resampling else outcomes, bias=False)
        initialise(self, linear=False)
        if spectral_norm:
            for part in list(self.modules()):
                if isinstance(part, nn.Conv2d | nn.Linear):
                    spectrally_normalised(part)

    def forward(
        self, sample: Float[Tensor, "batch channels size size"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch outcomes"]:
        output = self.head(self.shrink(sample))
        if not self.resampling:
            return output
        mean, log_variance = output.chunk(2, dim=1)
        return mean + (log_variance / 2).exp() * torch.randn_like(mean)
