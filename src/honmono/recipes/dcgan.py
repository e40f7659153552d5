"""DCGAN (Radford et al., 2015, arXiv:1511.06434): convolutional networks.

In `dcgan-mnist` R1 is estimated from every eighth sample. The discriminator must score real samples with wrong labels
lower (after Reed et al., 2016, arXiv:1605.05396), so that labels are learned early. The weight of this penalty
decreases to 0, because with a constant weight the variety within classes is lower (benchmarks/README.md).
"""

from dataclasses import replace
from functools import partial

from torch.optim import Adam

from honmono.data.pictures import Pictures
from honmono.metrics.fid import FID
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.prdc import PRDC
from honmono.metrics.variety import Variety
from honmono.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from honmono.networks.dcgan_same import SameDCGANDiscriminator, SameDCGANGenerator
from honmono.objectives.base import ADVERSARIAL
from honmono.objectives.mismatch import Mismatch
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1
from honmono.recipe import (
    Average,
    Cosine,
    Every,
    Linear,
    Normal,
    Pair,
    Recipe,
    SampleGrid,
    Training,
    Uniform,
    Update,
    recipe,
)


@recipe(
    "dcgan-mnist",
    source="Radford et al. 2015 (arXiv:1511.06434), R1 (arXiv:1801.04406), labels by projection (arXiv:1802.05637)",
    data="MNIST",
    summary="conditional DCGAN on MNIST with current methods",
    tiny={"generator.width": "4", "discriminator.width": "4", "training.batch_size": "8", "metrics": "()"},
)
def dcgan_mnist() -> Recipe:
    return Recipe(
        data=Pictures(source="hf:ylecun/mnist", expects=(28, 1), oversample=1.0),
        latent=Normal(64),
        generator=partial(DCGANGenerator, width=64),
        discriminator=partial(DCGANDiscriminator, width=64),
        objective=NonSaturating(
            penalties=(R1(1.0, every=8), Mismatch(0.2, schedule=Linear(begin=32_000, images=64_000)))
        ),
        optimizers=Pair(partial(Adam, lr=2e-3, betas=(0.0, 0.99))),
        training=Training(
            steps=4_000,
            batch_size=64,
            average=Average(halflife=5_000),
            learning_rates=Pair(Cosine(end=0.05, images=4_000 * 64)),
            measure_images=64_000,
        ),
        conditional=True,
        metrics=(FID(features="mnist"), LabelFidelity(features="mnist"), Variety(features="mnist")),
    )


@recipe(
    "dcgan-digits",
    source="dcgan-mnist on smaller pictures",
    data="digits",
    summary="conditional DCGAN on scikit-learn's 1,797 digits: the default, recognisable digits in a minute",
    tiny={"generator.width": "4", "discriminator.width": "4", "training.batch_size": "8", "metrics": "()"},
)
def dcgan_digits() -> Recipe:
    parent = dcgan_mnist()
    return replace(
        parent,
        data=Pictures(source="digits"),
        training=replace(parent.training, steps=3_000, measure_images=48_000),
        # The best checkpoint is chosen by coverage, not by fid[digits], which is 1.21 after 20 steps, where each class
        # is nearly one picture, and 1.49 after 100.
        metrics=tuple(metric(features="digits", fakes=5_000) for metric in (PRDC, LabelFidelity, Variety)),
    )


@recipe(
    "dcgan-folder",
    source="Radford et al. 2015 (arXiv:1511.06434), with R1 (arXiv:1801.04406) and averaged weights",
    data="any pictures",
    summary="DCGAN on any folder of pictures; size and channels come from the data",
    quirks=(
        "R1 is computed in every 16th step, with 16 times the weight, as in StyleGAN2 (updates; arXiv:1912.04958)",
    ),
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
        # a quarter of the computation: 64x64 colour pictures on two CPU cores
        generator=partial(DCGANGenerator, width=32, label_std=0.0),
        discriminator=partial(DCGANDiscriminator, width=32),
        objective=NonSaturating(penalties=(R1(1.0),)),
        updates=(
            Update("discriminator", real="x", terms=ADVERSARIAL),
            Update("discriminator", real="x", terms=("r1",), count=Every(16)),
            Update("generator"),
        ),
        training=Training(steps=20_000, batch_size=64, average=Average(halflife=10_000), measure_images=320_000),
        metrics=(FID(features="cifar10"),),
    )


@recipe(
    "dcgan-64-paper",
    source="Radford et al. 2015 (arXiv:1511.06434), sections 3 and 4, figure 1, and its code, Newmu/dcgan_code",
    data="any pictures (there: LSUN's bedrooms, Imagenet-1k, faces)",
    summary="DCGAN of its paper at 64x64; samples with batch norm in each of three modes",
    quirks=(
        "samples with running statistics, with batch statistics, and without batch norm (grids; sampling)",
        "from its code for faces, where the paper is silent: 25 epochs of 350,000 faces (training.steps), 128 to 1,024"
        " channels in D (discriminator.width), weight decay of 1e-5 (optimizers.*.weight_decay), batch norm's scales"
        " from N(1, 0.02) and its eps of 1e-8 (*.norm_std, *.norm_eps)",
        "G and D in turn, each on every other batch, as in the code; all of them count as seen (updates)",
        "other than in the code: biases in convolutions and linear layers; pictures scaled to 64x64, there the middle"
        " of 128x128 (data.fit); an odd pixel of padding at the end, there at the beginning",
        "the code samples by batch statistics alone (sampling=batch)",
        "real and fake go through the discriminator separately, each with its own batch statistics"
        " (objective.together)",
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
        generator=partial(SameDCGANGenerator, width=128, levels=4, norm_eps=1e-8, norm_std=0.02),
        discriminator=partial(
            SameDCGANDiscriminator, width=128, levels=4, truncated=False, norm_eps=1e-8, norm_std=0.02
        ),
        objective=NonSaturating(),
        optimizers=Pair(partial(Adam, lr=2e-4, betas=(0.5, 0.999), weight_decay=1e-5)),
        updates=(Update("generator", real="fresh"), Update("discriminator", real="fresh")),
        training=Training(steps=25 * 350_000 // 256, batch_size=128, measure_images=1_280_000),
        grids=(
            SampleGrid(),
            SampleGrid(name="batch", sampling="batch"),
            SampleGrid(name="identity", sampling="identity"),
        ),
        metrics=(FID(features="cifar10"),),
    )
