"""DCGAN (Radford et al., 2015, arXiv:1511.06434): convolutional players."""

from dataclasses import replace
from functools import partial

from torch.optim import Adam

from honmono.data.pictures import Pictures
from honmono.grids import SampleGrid
from honmono.latents import Normal, Uniform
from honmono.metrics.fid import FID
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from honmono.networks.dcgan_article import ArticleDiscriminator, ArticleGenerator
from honmono.networks.dcgan_same import SameDCGANDiscriminator, SameDCGANGenerator
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1, WeightDecay
from honmono.recipe import Average, Pair, Recipe, Training
from honmono.registry import recipe


@recipe(
    "dcgan-mnist-article",
    source="FaBo DNN docs, 'MNIST DCGAN', and its notebook DCGAN_mnist.ipynb (TensorFlow 1)",
    data="MNIST",
    summary="DCGAN on MNIST as the article did it, every quirk a switch",
    quirks=(
        "the loss takes a sigmoid's output for a logit (objective.scores, discriminator.sigmoid)",
        "samples are made without batch norm, training with it (sampling: identity; running or batch)",
        "weight decay on the discriminator's second and third convolution alone (objective.penalties.0)",
        "Adam's beta1 is 0.1 for the discriminator (optimizers.discriminator.betas)",
        "TensorFlow's SAME padding, 7x7 -> 4x4 with an odd pixel after (generator.padding, discriminator.padding)",
        "biases begin at N(0, 0.02) as weights do (generator.random_bias, discriminator.random_bias)",
        "no batch norm on the projection (generator.project_batch_norm) and LeakyReLU in G (generator.activation)",
        "no batch norm in the discriminator (discriminator.batch_norm)",
        "the first 30,000 pictures, as in the published run (data.limit; none: all); in TensorFlow's split, which keeps"
        " 5,000 for validation, they begin at the file's 5,001st",
        "64 pictures of the same latents after epochs 2, 4, ...; the article makes five, of new ones, after the first,"
        " third, ... (grids, training.sample_every)",
    ),
    tiny={"training.batch_size": "4", "metrics": "()"},
)
def dcgan_mnist_article() -> Recipe:
    return Recipe(
        data=Pictures(source="hf:ylecun/mnist", size=28, channels=1, expects=(28, 1), limit=30_000),
        latent=Uniform(100),
        generator=partial(ArticleGenerator),
        discriminator=partial(ArticleDiscriminator),
        objective=NonSaturating(
            scores="double_sigmoid", together=True, penalties=(WeightDecay(("conv2", "conv3"), 0.001),)
        ),
        optimizers=Pair(partial(Adam, lr=2e-4, betas=(0.5, 0.999)), partial(Adam, lr=2e-4, betas=(0.1, 0.999))),
        training=Training(
            steps=51 * 300, batch_size=100, sample_every=600, checkpoint_every=300, measure_images=17 * 30_000
        ),
        sampling="identity",
        metrics=(FID(features="mnist"),),
    )


@recipe(
    "dcgan-mnist",
    source="Radford et al. 2015 (arXiv:1511.06434), R1 (arXiv:1801.04406), labels by projection (arXiv:1802.05637)",
    data="MNIST",
    summary="conditional DCGAN on MNIST as one would do it today",
    tiny={"generator.width": "4", "discriminator.width": "4", "training.batch_size": "8", "metrics": "()"},
)
def dcgan_mnist() -> Recipe:
    return Recipe(
        data=Pictures(source="hf:ylecun/mnist", expects=(28, 1)),
        latent=Normal(64),
        generator=partial(DCGANGenerator, width=64),
        discriminator=partial(DCGANDiscriminator, width=64),
        objective=NonSaturating(together=True, penalties=(R1(1.0),)),
        optimizers=Pair(partial(Adam, lr=2e-3, betas=(0.0, 0.99))),
        training=Training(steps=10_000, batch_size=64, average=Average(halflife=5_000), measure_images=160_000),
        conditional=True,
        metrics=(FID(features="mnist"), LabelFidelity(features="mnist")),
    )


@recipe(
    "dcgan-digits",
    source="dcgan-mnist on smaller pictures",
    data="digits",
    summary="conditional DCGAN on scikit-learn's 1,797 digits: the default, readable in a minute",
    tiny={"generator.width": "4", "discriminator.width": "4", "training.batch_size": "8", "metrics": "()"},
)
def dcgan_digits() -> Recipe:
    parent = dcgan_mnist()
    return replace(
        parent,
        data=Pictures(source="digits"),
        training=replace(parent.training, steps=3_000, measure_images=48_000),
        metrics=(LabelFidelity(features="digits", fakes=5_000),),
    )


@recipe(
    "dcgan-folder",
    source="Radford et al. 2015 (arXiv:1511.06434), with R1 (arXiv:1801.04406) and averaged weights",
    data="any pictures",
    summary="DCGAN on any folder of pictures; size and channels come from the data",
    tiny={
        "generator.width": "4",
        "discriminator.width": "4",
        "training.batch_size": "4",
        "data.max_size": "16",
        "metrics": "()",
    },
)
def dcgan_folder() -> Recipe:
    parent = dcgan_mnist()
    return replace(
        parent,
        data=Pictures(),
        conditional=False,
        latent=Normal(128),
        # a quarter of the arithmetic: 64x64 colour on two cores
        generator=partial(DCGANGenerator, width=32, label_std=0.0),
        discriminator=partial(DCGANDiscriminator, width=32),
        training=replace(parent.training, steps=20_000, average=Average(halflife=10_000), measure_images=320_000),
        metrics=(FID(features="cifar10"),),
    )


@recipe(
    "dcgan-64-paper",
    source="Radford et al. 2015 (arXiv:1511.06434), section 3, section 4 and figure 1",
    data="any pictures (there: LSUN's bedrooms, Imagenet-1k, faces)",
    summary="DCGAN by its paper, at 64x64; its pictures with batch norm in each of three modes",
    quirks=(
        "pictures are made with running statistics, with the batch's, and without batch norm (grids; sampling)",
        "the paper does not say how long it trained, nor the discriminator's widths: here 100,000 steps and the"
        " generator's, mirrored (training.steps, discriminator.width)",
        "real and fake go through the discriminator apart, each with its own batch statistics (objective.together)",
        "one update of each player in turn, as is usual; the paper is silent (updates)",
    ),
    tiny={
        "generator.width": "4",
        "discriminator.width": "4",
        "training.batch_size": "4",
        "metrics": "()",
    },
)
def dcgan_64_paper() -> Recipe:
    return Recipe(
        data=Pictures(size=64, channels=3),
        latent=Uniform(100),
        generator=partial(SameDCGANGenerator, width=128, levels=4),
        discriminator=partial(SameDCGANDiscriminator, width=128, levels=4, truncated=False),
        objective=NonSaturating(),
        optimizers=Pair(partial(Adam, lr=2e-4, betas=(0.5, 0.999))),
        training=Training(steps=100_000, batch_size=128, measure_images=1_280_000),
        grids=(
            SampleGrid(),
            SampleGrid(name="batch", sampling="batch"),
            SampleGrid(name="identity", sampling="identity"),
        ),
        metrics=(FID(features="cifar10"),),
    )
