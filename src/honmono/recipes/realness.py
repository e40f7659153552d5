"""RealnessGAN (Xiangli et al., 2020, "Real or Not Real, that is the Question", OpenReview B1lPaCNtPB).

The discriminator returns a distribution over outcomes rather than one score. Details that the paper does not state are
from its authors' code (kam1107/RealnessGAN) and their answers there. Their networks are DCGANs; the article's are
smaller and have no normalisation.
"""

from collections import OrderedDict
from dataclasses import replace
from functools import partial
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm as spectrally_normalised
from torch.optim import Adam

from honmono.data.mixtures import Grid
from honmono.data.pictures import Pictures
from honmono.errors import Refused
from honmono.metrics.fid import FID
from honmono.metrics.modes import ModeCoverage
from honmono.networks.dcgan import initialise
from honmono.networks.doubling_conv import DoublingConv2d
from honmono.networks.maxout import MaxoutDiscriminator
from honmono.networks.mlp import MLPGenerator
from honmono.networks.outputs import bounded, square_size
from honmono.objectives.anchors import Anchors, NormalAnchor, UniformAnchor
from honmono.objectives.realness import Realness
from honmono.recipe import Normal, Pair, Recipe, Training, Update, recipe


def _halvings(sample_shape: tuple[int, ...], num_classes: int) -> int:
    """How often the picture is halved down to 4x4."""
    size = square_size(sample_shape)
    if num_classes > 0:
        raise Refused(
            f"RealnessGAN's networks have no input for the {num_classes} classes: use --set conditional=false"
        )
    if size < 8 or size & (size - 1):
        near = max(8, 1 << (size.bit_length() - 1))
        raise Refused(f"RealnessGAN's networks double a 4x4 grid, which cannot give {size}x{size}: use --size {near}")
    return size.bit_length() - 3


class RealnessArticleGenerator(nn.Module):
    """Linear to width x 4 x 4, then 3x3 convolution, ReLU and nearest-neighbour doubling up to the picture; sigmoid.

    32x32x3 gives the article's 80,323 parameters. No activation after the linear layer, no normalisation.
    """

    def __init__(
        self, *, latent_dim: int, sample_shape: tuple[int, ...], num_classes: int = 0, width: int = 32
    ) -> None:
        super().__init__()
        self.base_shape = (width, 4, 4)
        self.project = nn.Linear(latent_dim, width * 4 * 4)
        halvings = _halvings(sample_shape, num_classes)
        layers = OrderedDict[str, nn.Module]()  # checkpoints name them as if doublings were layers between them
        for level in range(halvings):
            layers[f"{3 * level}"] = DoublingConv2d(width, width) if level else nn.Conv2d(width, width, 3, padding=1)
            layers[f"{3 * level + 1}"] = nn.ReLU()
        layers[f"{3 * halvings}"] = DoublingConv2d(width, sample_shape[0])
        self.grow = nn.Sequential(layers)

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

    width: channels of the last map before the picture; they double towards the 4x4 grid without a limit: size / 8 *
        width.
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
    resampling: the head returns a mean and a log variance for each outcome, from which its logit is drawn in both
        players' updates, with torch's default generator ("feature resampling").
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


def _published(outcomes: int) -> Realness:
    """The authors' objective: uniform and narrow normal histograms, drawn in each step and shifted by -1 and 1."""
    anchors = Anchors(
        real=UniformAnchor(-1.0, 1.0),
        fake=NormalAnchor(0.0, 0.1),
        outcomes=outcomes,
        range=None,
        redraw=True,
        skew=(-1.0, 1.0),
    )
    # Two passes of D, each with features resampled and a step of spectral norm's power iteration.
    return Realness(anchors=anchors, equation=19, divergence="cross_entropy", together=False)


def _updates(generator: int) -> tuple[Update, ...]:
    """One update of D, then `generator` updates of G, each on its own real samples and latents."""
    return (Update("discriminator"), Update("generator", real="fresh", count=generator))


@recipe(
    "realness-cifar10-article",
    source="'RealnessGANを実装してみた' (Qiita, in Japanese)",
    data="CIFAR-10",
    summary="RealnessGAN on CIFAR-10 as the article did it: 20 outcomes, small networks, no normalisation",
    quirks=(
        "anchors are histograms of 1,000 draws of N(1, 1) and N(-1, 1) on (-2, 2), drawn once, at random"
        " (objective.anchors.samples, none: exact; objective.anchors.draw_seed, objective.anchors.redraw)",
        "G minimises the paper's equation 19 (objective.equation; 18 and 20 are comments in the article)",
        "pictures are used in the stored order in each epoch, without the last 80 (data.order, data.drop_last);"
        " CIFAR-10's own files mix its classes, copies may have another order, and folders by class are read with the"
        " classes in turn; fixed: shuffled once",
        "pictures are 0 to 1 and G ends in a sigmoid (data.range)",
        "no spectral norm, no feature resampling, one update of G for one of D, unlike the paper",
        "1,000 epochs (training.steps); it shows epochs e = 0, 10, 100 and 500, each after 390 e + 1 steps and with new"
        " latents: here after 390 e, with the same latents (grids)",
    ),
    tiny={"generator.width": "4", "discriminator.width": "4", "training.batch_size": "8", "metrics": "()"},
)
def realness_cifar10_article() -> Recipe:
    epoch = 390  # steps
    return Recipe(
        data=Pictures(
            source="hf:uoft-cs/cifar10",
            size=32,
            channels=3,
            expects=(32, 3),
            range=(0.0, 1.0),
            flip=True,
            order="stored",
        ),
        latent=Normal(100),
        generator=partial(RealnessArticleGenerator),
        discriminator=partial(RealnessArticleDiscriminator),
        objective=Realness(),
        optimizers=Pair(partial(Adam, lr=1e-4, betas=(0.0, 0.9))),
        training=Training(
            steps=1_000 * epoch,
            batch_size=128,
            sample_every=epoch,
            checkpoint_every=epoch,
            measure_images=epoch * 128,
        ),
        metrics=(FID(features="cifar10"),),
    )


@recipe(
    "realness-celeba256-paper",
    source="Xiangli et al. 2020 (OpenReview B1lPaCNtPB) and kam1107/RealnessGAN, its script for CelebA",
    data="CelebA, or any faces",
    summary="RealnessGAN as published: DCGAN at 256x256, 51 outcomes, feature resampling, spectral norm",
    quirks=(
        "anchors are drawn again in each step (objective.anchors.redraw); their bins reach from the smallest of 1,000"
        " draws to the largest (objective.anchors.range)",
        "anchors are shifted, by half of the outcomes each way (objective.anchors.skew; none: A1 uniform, A0 normal)",
        "cross-entropy in place of the KL divergence (objective.divergence; kl)",
        "outcomes are drawn from normal distributions in both players' updates (discriminator.resampling)",
        "spectral norm on every layer of D and on its head (discriminator.spectral_norm)",
        "G's updates use their own real pictures, which count as seen (updates)",
        "pictures are stretched to squares (data.fit)",
        "left out: a second head of the published D, which is never used",
    ),
    tiny={
        "data.size": "16",
        "generator.width": "4",
        "discriminator.width": "4",
        "training.batch_size": "4",
    },
)
def realness_celeba256_paper() -> Recipe:
    return Recipe(
        data=Pictures(size=256, channels=3, fit="resize"),
        latent=Normal(128),
        generator=partial(RealnessGenerator, width=32),
        discriminator=partial(RealnessDiscriminator, width=32, outcomes=51, resampling=True),
        objective=_published(51),
        optimizers=Pair(partial(Adam, lr=2e-4, betas=(0.5, 0.999))),
        updates=_updates(generator=1),
        training=Training(steps=520_000, batch_size=32, sample_every=1_000, checkpoint_every=10_000),
    )


@recipe(
    "realness-ffhq1024-paper",
    source="Xiangli et al. 2020 (OpenReview B1lPaCNtPB) and kam1107/RealnessGAN",
    data="FFHQ, or any faces",
    summary="RealnessGAN at 1024x1024: DCGAN with 187 and 186 million parameters",
    quirks=(
        "its script was not published: inferred: all but the size is as for CelebA (generator.width,"
        " discriminator.width, training.batch_size, training.steps)",
        "its 51 outcomes are stated (discriminator.outcomes, objective.anchors.outcomes)",
        "all quirks of realness-celeba256-paper",
    ),
    tiny={
        "data.size": "32",
        "generator.width": "2",
        "discriminator.width": "2",
        "training.batch_size": "4",
    },
)
def realness_ffhq1024_paper() -> Recipe:
    return replace(realness_celeba256_paper(), data=Pictures(size=1024, channels=3, fit="resize"))


@recipe(
    "realness-cifar10-paper",
    source="Xiangli et al. 2020 (OpenReview B1lPaCNtPB), kam1107/RealnessGAN and its author's answers there",
    data="CIFAR-10",
    summary="RealnessGAN on CIFAR-10 as published: DCGAN, 3 outcomes, three updates of G for one of D",
    quirks=(
        "3 outcomes, three updates of G and no feature resampling are the author's answer to a question"
        " (updates.1.count, discriminator.outcomes, objective.anchors.outcomes, discriminator.resampling)",
        "G's updates use their own real pictures, which count as seen: 128 per step (updates)",
        "inferred: learning rate, width, batch size and steps are those for CelebA",
        "all other quirks of realness-celeba256-paper",
    ),
    tiny={"generator.width": "4", "discriminator.width": "4", "training.batch_size": "4", "metrics": "()"},
)
def realness_cifar10_paper() -> Recipe:
    parent = realness_celeba256_paper()
    return replace(
        parent,
        data=Pictures(source="hf:uoft-cs/cifar10", size=32, channels=3, expects=(32, 3), fit="resize"),
        discriminator=partial(RealnessDiscriminator, width=32, outcomes=3),
        objective=_published(3),
        updates=_updates(generator=3),
        training=replace(parent.training, measure_images=5_000 * 128),
        metrics=(FID(features="cifar10"),),
    )


@recipe(
    "realness-toy",
    source="Xiangli et al. 2020 (OpenReview B1lPaCNtPB) and kam1107/RealnessGAN, its script for a mixture of Gaussians",
    data="grid",
    summary="RealnessGAN on 3x3 Gaussians in the plane: 5 outcomes, three updates of G for one of D",
    quirks=(
        "the published points are data/MixtureGaussian3By3.pk in its repository, a pickle, which is not read: the means"
        " {-2, 0, 2}^2 and sigma 0.05 here are those by which public scripts count modes (data.spacing, data.sigma);"
        " for the points themselves save them with numpy.save, and give --data FILE.npy",
        "500 steps, as in its script, are too few on these points, for the authors' code too; its author recommends"
        " 10,000 (training.steps)",
        "with 20 outcomes the paper has 14 updates of G (discriminator.outcomes, objective.anchors.outcomes,"
        " updates.1.count)",
        "anchors are drawn again in each step; drawn once they give worse results (objective.anchors.redraw)",
        "batch norm scales are initialised at 1, the published ones at N(1, 0.02)",
        "the quirks of realness-celeba256-paper on anchors, divergence and G's own reals, which count as seen",
    ),
    tiny={
        "generator.widths": "(16, 16)",
        "discriminator.widths": "(16, 16)",
        "training.batch_size": "16",
        "metrics.0.fakes": "100",
    },
)
def realness_toy() -> Recipe:
    return Recipe(
        data=Grid(side=3),
        latent=Normal(128),
        generator=partial(MLPGenerator, widths=(400,) * 4, batch_norm=True, output="linear"),
        discriminator=partial(MaxoutDiscriminator, outcomes=5),
        objective=_published(5),
        optimizers=Pair(partial(Adam, lr=1e-4, betas=(0.8, 0.999))),
        updates=_updates(generator=3),
        # bf16's eight bits would blur a mode
        training=Training(
            steps=500, batch_size=100, precision="fp32", sample_every=50, checkpoint_every=100, measure_images=40_000
        ),
        metrics=(ModeCoverage(),),
    )
