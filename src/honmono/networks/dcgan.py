"""DCGAN for pictures of many sizes (Radford et al., 2015, arXiv:1511.06434), with today's changes.

The generator doubles a base grid of 4 to 7 pixels with 4x4 transposed convolutions, the discriminator halves it back.
Differences from the paper: no batch norm in the discriminator, so that real and fake samples can share one batch and
gradient penalties work; optional spectral norm; labels by embedding (generator) and projection (discriminator).
"""

import math
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm as spectrally_normalised

from honmono.networks.doubling import doubled_maps
from honmono.networks.outputs import bounded, with_embedding


def initialise(module: nn.Module, linear: bool = True) -> None:
    """N(0, 0.02) for every weight (section 3 of the paper), N(1, 0.02) for batch norms' scales, biases at 0.

    linear: whether linear layers are included; otherwise they keep torch's initial values.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d) or (linear and isinstance(part, nn.Linear)):
            nn.init.normal_(part.weight, std=0.02)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.weight, mean=1.0, std=0.02)


class DCGANGenerator(nn.Module):
    """Latent -> base grid -> doubled up to the picture, with batch norm and ReLU between, tanh at the end.

    width: channels of the last map before the picture; they double towards the base grid, up to `max_width`.
    label_std: a label's embedding, of the latent's size, is concatenated to the latent and initialised at
        N(0, label_std). 1 gives it the scale of the latent; where the pictures of a class differ much, each class may
        then collapse to one picture. With 0 the output depends on the latent alone at first.
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 64,
        max_width: int = 512,
        label_std: float = 1.0,
    ) -> None:
        super().__init__()
        base, (*upper, deepest) = doubled_maps(sample_shape, width, max_width, "DCGAN")
        widths = [deepest, *reversed(upper)]
        self.base_shape = (deepest, *base)
        self.embedding = nn.Embedding(num_classes, latent_dim) if num_classes > 0 else None
        inputs = latent_dim if self.embedding is None else 2 * latent_dim
        self.project = nn.Linear(inputs, math.prod(self.base_shape), bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(deepest), nn.ReLU()]
        for before, after in pairwise(widths):
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.grow = nn.Sequential(*layers, nn.ConvTranspose2d(widths[-1], sample_shape[0], 4, 2, 1))
        initialise(self)
        if self.embedding is not None:
            with torch.no_grad():
                self.embedding.weight.mul_(label_std)

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels height width"]:
        return bounded(
            self.grow(self.project(with_embedding(latent, label, self.embedding)).unflatten(1, self.base_shape)), "tanh"
        )


class DCGANDiscriminator(nn.Module):
    """Picture -> halved down to the base grid, with LeakyReLU 0.2 -> one score.

    width, max_width: as in the generator.
    spectral_norm: divides every weight by its largest singular value (Miyato et al., 2018, arXiv:1802.05957).
    With labels the score is w . h(x) + v_label . h(x), a projection (Miyato & Koyama, 2018, arXiv:1802.05637), where
    h is the whole base grid rather than its sum, since the position of a stroke distinguishes digits.
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 64,
        max_width: int = 512,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        base, widths = doubled_maps(sample_shape, width, max_width, "DCGAN")
        layers: list[nn.Module] = []
        for before, after in pairwise([sample_shape[0], *widths]):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.shrink = nn.Sequential(*layers, nn.Flatten())
        features = widths[-1] * math.prod(base)
        self.score = nn.Linear(features, 1)
        self.embedding = nn.Embedding(num_classes, features) if num_classes > 0 else None
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=0.02)
        if spectral_norm:
            for part in list(self.modules()):
                if isinstance(part, nn.Linear | nn.Conv2d | nn.Embedding):
                    spectrally_normalised(part)

    def forward(
        self, sample: Float[Tensor, "batch channels height width"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        features = self.shrink(sample)
        score = self.score(features).squeeze(1)
        if self.embedding is not None:
            assert label is not None, "a conditional discriminator needs labels"
            score = score + (self.embedding(label) * features).sum(1)
        return score
