"""The default for any folder of pictures: residual networks, a relativistic loss, and labels if there are any.

From Huang et al. (R3GAN, 2024, arXiv:2501.05441): the loss with two gradient penalties, and a discriminator without
normalisation. From Zhao et al. (DiffAugment, 2020, arXiv:2006.10738): augmentation for small data sets. From DCGAN: 4x4
convolutions with stride 2, and batch norm in the generator only, so that the discriminator does not couple samples.

The networks are small enough for two CPU cores. Convolutions that change the resolution, except those next to the
picture, are followed by bottleneck residual blocks, so that most computation is on small maps with many channels.
Residual branches are initialised at zero, so that both networks start as DCGANs (Zhang et al., Fixup, 2019,
arXiv:1901.09321).

To learn labels early, and rare classes too: a fake has the label of the real sample that it is paired with; labels
enter the generator by conditional batch norm (arXiv:1707.00683) and the discriminator by a projection on its whole last
map (arXiv:1802.05637); real samples with wrong labels must score lower (arXiv:1605.05396); rare classes are oversampled
(arXiv:1908.03195) and augmented, and D must recognise the labels of their fakes (arXiv:1610.09585).
benchmarks/README.md shows the effect of each.
"""

from functools import partial
from itertools import pairwise
from math import prod
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import leaky_relu
from torch.optim import Adam

from honmono.data.pictures import Pictures
from honmono.metrics.fid import FID
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.nearest_class import NearestClass
from honmono.metrics.variety import Variety
from honmono.networks.dcgan import initialise
from honmono.networks.doubling import doubled_maps
from honmono.networks.outputs import bounded, with_embedding
from honmono.objectives.adaptive_factor import AdaptiveFactor
from honmono.objectives.augment import DiffAugment
from honmono.objectives.mismatch import Mismatch, OfFakes
from honmono.objectives.penalties import R1, R2
from honmono.objectives.relativistic import Relativistic
from honmono.recipe import Average, InverseSquareRoot, Normal, Pair, Recipe, Training, recipe


LABELS = Mismatch(1.0, margin=0.25, adapt=AdaptiveFactor(low=0.05, high=0.15), of_fakes=OfFakes(weight=0.5, margin=0.5))
SLOPE = 0.2  # of the discriminator's LeakyReLU; the generator has ReLU, as in DCGAN


def _initialise(module: nn.Module) -> None:
    """As DCGAN; residual branches by He et al. (2015, arXiv:1502.01852), with their last convolution at 0."""
    initialise(module)
    for block in (part for part in module.modules() if isinstance(part, ResidualBlock)):
        nn.init.kaiming_normal_(block.reduce.weight, a=SLOPE)
        nn.init.kaiming_normal_(block.change.weight, a=SLOPE)
        nn.init.zeros_(block.expand.weight)


class ResidualBlock(nn.Module):
    """x + branch(x): activation, 1x1 to half as many channels, 3x3, 1x1 back.

    slope: of the LeakyReLUs, below 0.
    batch_norm: at the start of the branch.
    """

    def __init__(self, width: int, *, slope: float = SLOPE, batch_norm: bool = False) -> None:
        super().__init__()
        self.slope, inner = slope, max(1, width // 2)
        self.norm = nn.BatchNorm2d(width) if batch_norm else nn.Identity()
        self.reduce = nn.Conv2d(width, inner, 1)
        self.change = nn.Conv2d(inner, inner, 3, padding=1)
        self.expand = nn.Conv2d(inner, width, 1)

    def forward(self, x: Float[Tensor, "batch width h w"]) -> Float[Tensor, "batch width h w"]:
        branch = self.reduce(leaky_relu(self.norm(x), self.slope))
        branch = self.change(leaky_relu(branch, self.slope))
        return x + self.expand(leaky_relu(branch, self.slope))


def _blocks(level: int, levels: int, number: int, width: int, generator: bool) -> nn.Sequential:
    """The residual blocks of a level: none at the level next to the picture, unless it is the only one."""
    number, slope = number if level > 0 or levels == 1 else 0, 0.0 if generator else SLOPE
    return nn.Sequential(*(ResidualBlock(width, slope=slope, batch_norm=generator) for _ in range(number)))


def _moved(
    x: Float[Tensor, "batch width h w"], moves: Float[Tensor, "batch moves"]
) -> Float[Tensor, "batch width h w"]:
    """x (1 + s) + o, where `moves` holds each sample's (s, o): conditional batch norm, applied to normalised x.

    Source: de Vries et al. (2017), arXiv:1707.00683.
    """
    scale, offset = moves.to(x.dtype)[:, :, None, None].chunk(2, dim=1)
    return torch.addcmul(x + offset, x, scale)


class ResidualGenerator(nn.Module):
    """Latent -> base grid -> per level: residual blocks, batch norm, ReLU, 4x4 transposed convolution -> tanh.

    width: channels at half of the picture's side; they double towards the base grid, up to `max_width`.
    blocks: the number of residual blocks at each level.
    labels: how labels enter. "norm": conditional batch norm before transposed convolutions, whose embeddings are
        initialised at N(0, 0.1), small compared with the shared scale, since classes with few pictures depend on what
        all classes share. "latent": as an embedding of the latent's size, concatenated to the latent and initialised at
        zero, which is learned far more slowly.
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 32,
        max_width: int = 256,
        blocks: int = 1,
        labels: Literal["latent", "norm"] = "latent",
    ) -> None:
        super().__init__()
        base, widths = doubled_maps(sample_shape, width, max_width, "the residual network")
        levels = len(widths)
        self.base_shape = (widths[-1], *base)
        self.embedding = nn.Embedding(num_classes, latent_dim) if num_classes > 0 and labels == "latent" else None
        inputs = latent_dim if self.embedding is None else 2 * latent_dim
        self.project = nn.Linear(inputs, prod(self.base_shape), bias=False)
        self.blocks = nn.ModuleList(
            _blocks(level, levels, blocks, widths[level], generator=True) for level in reversed(range(levels))
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(one) for one in reversed(widths))
        classes = num_classes if labels == "norm" else 0
        self.moves = nn.ModuleList(nn.Embedding(classes, 2 * one) for one in reversed(widths) if classes)
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(*pair, 4, 2, 1) for pair in pairwise([*reversed(widths), sample_shape[0]])
        )
        _initialise(self)
        if self.embedding is not None:  # otherwise each class may collapse to one picture
            nn.init.zeros_(self.embedding.weight)
        for moves in self.moves.parameters():
            nn.init.normal_(moves, std=0.1)

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels height width"]:
        x = self.project(with_embedding(latent, label, self.embedding)).unflatten(1, self.base_shape)
        for level, (blocks, norm, grow) in enumerate(zip(self.blocks, self.norms, self.grow, strict=True)):
            x = norm(blocks(x))
            if self.moves:
                assert label is not None, "a conditional generator needs labels"
                x = _moved(x, self.moves[level](label))
            x = grow(x.relu())
        return bounded(x, "tanh")


class ResidualDiscriminator(nn.Module):
    """Picture -> per level: 4x4 convolution of stride 2, residual blocks, LeakyReLU 0.2 -> base grid -> one score.

    width, max_width, blocks: as in the generator. With labels the score is w . h(x) + v_label . p(x), a projection
    (Miyato & Koyama, 2018, arXiv:1802.05637).
    projection: p(x) is the whole base grid h ("grid"), which keeps positions, or its average over positions ("mean"),
        which is learned more slowly.
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 32,
        max_width: int = 256,
        blocks: int = 1,
        projection: Literal["mean", "grid"] = "mean",
    ) -> None:
        super().__init__()
        base, widths = doubled_maps(sample_shape, width, max_width, "the residual network")
        levels, self.projection = len(widths), projection
        self.shrink = nn.ModuleList(nn.Conv2d(*pair, 4, 2, 1) for pair in pairwise([sample_shape[0], *widths]))
        self.blocks = nn.ModuleList(_blocks(level, levels, blocks, one, False) for level, one in enumerate(widths))
        self.score = nn.Linear(widths[-1] * prod(base), 1)
        features = widths[-1] * (prod(base) if projection == "grid" else 1)
        self.embedding = nn.Embedding(num_classes, features) if num_classes > 0 else None
        _initialise(self)
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=0.02)

    def forward(
        self, sample: Float[Tensor, "batch channels height width"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        x = sample
        for shrink, blocks in zip(self.shrink, self.blocks, strict=True):
            x = leaky_relu(blocks(shrink(x)), SLOPE)
        score = self.score(x.flatten(1)).squeeze(1)
        if self.embedding is not None:
            assert label is not None, "a conditional discriminator needs labels"
            features = x.flatten(1) if self.projection == "grid" else x.mean((2, 3))
            score = score + (self.embedding(label) * features).sum(1)
        return score


@recipe(
    "folder",
    source="honmono's own, of R3GAN (arXiv:2501.05441), DiffAugment (arXiv:2006.10738), projection (arXiv:1802.05637)",
    data="any pictures",
    summary="default of `honmono train --data FOLDER`: size, channels, classes and augmentation follow from the data",
    quirks=(
        "conditional if the data has at least two classes (conditional: auto; true or false)",
        "pictures are augmented for the discriminator as often as it overfits: all of data of fewer than 10,000, and of"
        " larger data those in classes of fewer than 1,000 (objective.augment.probability, objective.augment.classes:"
        " auto; probability 0: never)",
        "pictures of classes below the mean size are repeated until each class is as frequent as the mean"
        " (data.oversample: 1; 0: as stored)",
        "fakes have the labels of the reals that they are paired with (fake_labels: real; uniform)",
        "a penalty on reals with wrong labels makes D learn labels, at some cost of variety within classes; it"
        " decreases once they are learned, and increases again if they are forgotten (objective.penalties.2.adapt,"
        " none: a constant factor; objective.penalties.2.weight, 0: no such penalty; adapt is in proportion to it)",
        "fakes of classes of fewer than 1,000 pictures are penalised where D cannot tell their labels from others"
        " (objective.penalties.2.of_fakes, none: no such penalty), unless the data has fewer than 10,000",
        "learning rates of 0.001 for 100,000 images, then decreasing with the square root of the images seen"
        " (training.learning_rates); a constant 0.002 gives worse samples after 14,400 steps on CIFAR-10 than after"
        " 4,800",
        "the gradient penalties are estimated from every fourth sample (objective.penalties.0.every, ...1.every)",
    ),
    tiny={
        "generator.width": "4",
        "discriminator.width": "4",
        "training.batch_size": "8",
        "data.max_size": "16",
        "metrics": "()",
    },
)
def folder() -> Recipe:
    return Recipe(
        data=Pictures(oversample=1.0),
        latent=Normal(128),
        generator=partial(ResidualGenerator, width=32, labels="norm"),
        discriminator=partial(ResidualDiscriminator, width=32, projection="grid"),
        objective=Relativistic(
            penalties=(R1(1.0, every=4), R2(1.0, every=4), LABELS),
            augment=DiffAugment(probability="auto", classes="auto"),
        ),
        optimizers=Pair(partial(Adam, lr=1e-3, betas=(0.0, 0.99))),
        training=Training(
            steps=40_000,
            batch_size=32,
            average=Average(halflife=5_000),
            learning_rates=Pair(InverseSquareRoot(images=100_000)),
            measure_images=320_000,
        ),
        conditional="auto",
        fake_labels="real",
        metrics=(
            FID(features="cifar10"),
            *(LabelFidelity(features="cifar10"), NearestClass(features="cifar10"), Variety(features="cifar10")),
        ),
    )
