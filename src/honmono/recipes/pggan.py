"""Progressive growing of GANs (Karras et al., 2017, arXiv:1710.10196), and an article's "PGGAN", which never grows.

As in the authors' code: nearest-neighbour upsampling and average pooling; a stage is trained, then the next fades in,
in the generator, the discriminator and the reals; one update of each player per step; samples from averaged weights.
The authors update their schedule at every fourth batch (`minibatch_repeats`), here at every batch.
"""

from dataclasses import replace
from functools import partial

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.optim import Adam

from honmono.data.pictures import Pictures
from honmono.errors import Refused
from honmono.metrics.fid import FID
from honmono.networks.outputs import bounded
from honmono.networks.pggan import PGGANDiscriminator, PGGANGenerator
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.wasserstein import Drift, GradientPenalty, Wasserstein
from honmono.recipe import Average, Growth, Normal, Pair, Recipe, SampleGrid, Training, Update, recipe


def _check(sample_shape: tuple[int, ...], num_classes: int) -> int:
    """The number of the pictures' channels."""
    if tuple(sample_shape[1:]) != (32, 32):
        raise Refused(f"the article's networks are for 32x32 pictures, not for {sample_shape}: use --size 32")
    if num_classes > 0:
        raise Refused("the article's networks have no input for labels: use --set conditional=false")
    return sample_shape[0]


class PGGANArticleGenerator(nn.Module):
    """Latent -> 512 maps of 4x4 -> 256 -> 128 -> 32x32, tanh: the article's four layers, which are always all used.

    The article's `depth` equals the number of layers at every call; with less it would return maps, not pictures.
    """

    def __init__(self, *, latent_dim: int, sample_shape: tuple[int, ...], num_classes: int = 0) -> None:
        super().__init__()
        channels = _check(sample_shape, num_classes)
        layers: list[nn.Module] = []
        for before, after, stride, padding in ((latent_dim, 512, 1, 0), (512, 256, 2, 1), (256, 128, 2, 1)):
            layers += [nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False), nn.BatchNorm2d(after)]
            layers += [nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(128, channels, 4, 2, 1, bias=False))

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels 32 32"]:
        return bounded(self.layers(latent[:, :, None, None]), "tanh")


class PGGANArticleDiscriminator(nn.Module):
    """32x32 -> 128 maps -> 256 -> 512 -> one probability; batch norm after each convolution, the first one too."""

    def __init__(self, *, sample_shape: tuple[int, ...], num_classes: int = 0) -> None:
        super().__init__()
        channels = _check(sample_shape, num_classes)
        layers: list[nn.Module] = []
        for before, after in ((channels, 128), (128, 256), (256, 512)):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 0, bias=False))

    def forward(
        self, sample: Float[Tensor, "batch channels 32 32"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        return bounded(self.layers(sample).flatten(), "sigmoid")


@recipe(
    "pggan-mnist-article",
    source="Shimomoto, NTT TechnoCross Advent Calendar 2024, day 20: its 'PGGAN'",
    data="MNIST",
    summary="the article's 'PGGAN' on MNIST as published: it never grows, it is a DCGAN for 32x32 pictures",
    quirks=(
        "no progressive growing: `depth` is always that of the whole network, and nothing fades in",
        "batch norm in the discriminator, after its first layer too; its running statistics, which nothing reads, move"
        " in G's updates too (discriminator_statistics; own)",
        "one fake batch is used in both updates of a step (updates.*.draws; none: fresh fakes for each)",
        "the loss is BCELoss on sigmoid outputs (objective.scores)",
        "inferred: samples are made in training mode, as in the article's MLP, with the statistics of a batch, here"
        " of 64 (sampling: batch; running or identity), and saved from black to white in each grid (grids.0.stretch)",
        "pictures are enlarged to 32x32 with a bilinear filter, as by torchvision's Resize (data.resample; lanczos:"
        " sharper; data.fit=pad: zeros around them)",
        "weights have torch's default initialisation, not N(0, 0.02)",
        "its epochs and batches are inferred from the article's MLP; its samples are of epoch 10 (training.steps,"
        " training.batch_size)",
    ),
    tiny={"training.batch_size": "4", "metrics": "()"},
)
def pggan_mnist_article() -> Recipe:
    return Recipe(
        data=Pictures(
            source="hf:ylecun/mnist",
            size=32,
            fit="resize",
            resample="bilinear",
            channels=1,
            expects=(28, 1),
            drop_last=False,
        ),
        latent=Normal(100),
        generator=partial(PGGANArticleGenerator),
        discriminator=partial(PGGANArticleDiscriminator),
        objective=NonSaturating(scores="probabilities"),
        optimizers=Pair(partial(Adam, lr=2e-4, betas=(0.5, 0.999))),
        updates=(Update("discriminator", draws="z", real="x"), Update("generator", draws="z", real="x")),
        training=Training(
            steps=50 * 938, batch_size=64, sample_every=938, checkpoint_every=938, measure_images=300_000
        ),
        sampling="batch",
        discriminator_statistics="all",
        grids=(SampleGrid(columns=4, rows=4, stretch=True),),
        metrics=(FID(features="mnist"),),
    )


# The first stage and the fade into the second, within a few steps.
GROWING = {
    "generator.features": "16",
    "discriminator.features": "16",
    "training.batch_size": "8",
    "growth.train": "4",
    "growth.fade": "64",
    "growth.batch_sizes": "(8, 12)",
    "metrics": "()",
}


@recipe(
    "pggan-cifar10",
    source="Karras et al. 2017 (arXiv:1710.10196): the CIFAR-10 configuration of the authors' code",
    data="CIFAR-10",
    summary="progressive growing 4 -> 32 on CIFAR-10 as the paper did it",
    quirks=(
        "the gradient penalty has a target norm of 750, not 1 (objective.penalties.0.target), with respect to pictures"
        " of full size at every stage (objective.penalties.0.pixels; stage)",
        "optimizers are reset at each phase of growth (growth.reset_optimizers)",
        "0.999 of the average is kept for each batch of 64, as a half-life in images (training.average)",
        "batch sizes as in the authors' second code; the paper's is 16 (growth.batch_sizes, training.batch_size)",
        "the minibatch standard deviation is over groups of 4, as in that code; in the paper over the whole batch of 16"
        " (discriminator.group)",
        "one update of D, then one of G; for the paper's CIFAR-10 both are simultaneous, on the same draws (updates)",
        "alpha and stage are updated at every step, in the authors' code at every fourth (minibatch_repeats)",
    ),
    tiny={**GROWING, "data.size": "8", "data.expects": "none"},
)
def pggan_cifar10() -> Recipe:
    sizes = {"features": 4096, "max_width": 128}
    return Recipe(
        data=Pictures(source="hf:uoft-cs/cifar10", expects=(32, 3)),
        latent=Normal(128),
        generator=partial(PGGANGenerator, **sizes),
        discriminator=partial(PGGANDiscriminator, **sizes),
        objective=Wasserstein(penalties=(GradientPenalty(target=750.0, pixels="full"), Drift())),
        optimizers=Pair(partial(Adam, lr=1e-3, betas=(0.0, 0.99))),
        growth=Growth(train=400_000, fade=400_000, batch_sizes=(128, 128, 128)),
        training=Training(
            steps=296_874,  # 20 million pictures, the first 2 million in batches of 128
            batch_size=64,
            precision="fp32",  # second derivatives
            average=Average(halflife=44_352, ramp=1.0),
            sample_every=2_000,
            checkpoint_every=2_000,
            measure_images=1_000_000,
        ),
        metrics=(FID(features="cifar10"),),
    )


@recipe(
    "pggan-mnist",
    source="Karras et al. 2017 (arXiv:1710.10196) on MNIST, small enough for a CPU",
    data="MNIST",
    summary="progressive growing 4 -> 32 on MNIST with at most 64 channels",
    quirks=(
        "phases of 30,000 pictures instead of 600,000: full size after 180,000 (growth.train, growth.fade)",
        "16 channels at 32x32, twice as many at each smaller size, up to 64 (generator.features, generator.max_width)",
    ),
    tiny={**GROWING, "data.size": "8", "data.expects": "none"},
)
def pggan_mnist() -> Recipe:
    parent, sizes = pggan_cifar10(), {"features": 256, "max_width": 64}
    return replace(
        parent,
        data=Pictures(source="hf:ylecun/mnist", size=32, fit="pad", channels=1, expects=(28, 1)),
        latent=Normal(64),
        generator=partial(PGGANGenerator, **sizes),
        discriminator=partial(PGGANDiscriminator, **sizes),
        objective=Wasserstein(penalties=(GradientPenalty(pixels="full"), Drift())),
        growth=Growth(train=30_000, fade=30_000, batch_sizes=(64, 64)),
        training=replace(
            parent.training,
            steps=7_968,  # 300,000 pictures
            batch_size=32,
            average=Average(halflife=10_000),
            sample_every=500,
            checkpoint_every=500,
            measure_images=50_000,
        ),
        metrics=(FID(features="mnist"),),
    )


@recipe(
    "pggan-folder",
    source="Karras et al. 2017 (arXiv:1710.10196): the configuration of the authors' code for large pictures",
    data="any pictures",
    summary="progressive growing on any folder of pictures, up to 1024x1024 (--size); made for GPUs",
    quirks=(
        "at most 256x256 by default (data.max_size, or --size 1024)",
        "pictures are not flipped; the authors flipped half of their faces and rooms (data.flip)",
        "optimizers are reset at each phase of growth (growth.reset_optimizers)",
        "phases of 600,000 pictures, as in the authors' second code; the paper's for faces and rooms were of 800,000"
        " (growth.train, growth.fade)",
        "batches of 16 from 128x128 on; on one GPU the authors took 8 at 256x256 and 4 beyond, and rates of 0.0015 at"
        " 1024x1024 (training.batch_size, optimizers)",
    ),
    tiny={**GROWING, "data.max_size": "8"},
)
def pggan_folder() -> Recipe:
    parent = pggan_cifar10()
    return replace(
        parent,
        data=Pictures(max_size=256),
        latent=Normal(512),
        generator=partial(PGGANGenerator),
        discriminator=partial(PGGANDiscriminator),
        objective=Wasserstein(penalties=(GradientPenalty(pixels="full"), Drift())),
        growth=Growth(batch_sizes=(128, 128, 128, 64, 32)),
        training=replace(parent.training, steps=500_000, batch_size=16, average=Average(halflife=11_088, ramp=1.0)),
        metrics=(),
    )
