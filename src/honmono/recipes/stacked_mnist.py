"""DCGAN and PacGAN on Stacked MNIST's 1,000 modes, as in table 2 of PacGAN (Lin et al., 2018, arXiv:1712.04086).

Details that the paper does not state are from its public code.
"""

from dataclasses import replace
from functools import partial

from torch.optim import Adam

from honmono.data.stacked import StackedMNIST
from honmono.metrics.stacked_modes import StackedModes
from honmono.networks.dcgan_same import SameDCGANDiscriminator, SameDCGANGenerator
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe import Pair, Recipe, Training, Uniform, Update, recipe


@recipe(
    "dcgan-stacked-mnist",
    source="Lin et al. 2018, PacGAN (arXiv:1712.04086), its DCGAN on Stacked MNIST: the paper and its public code",
    data="Stacked MNIST",
    summary="DCGAN on three stacked digits as PacGAN's authors trained it: they report 79 of 1,000 modes",
    quirks=(
        "the generator has two updates on the discriminator's latents (updates.1.count), as in"
        " carpedm20/DCGAN-tensorflow",
        "pictures are 0 to 1, though the generator's tanh covers -1 to 1 (data.range; usually (-1, 1))",
        "TensorFlow's SAME padding, 28 -> 14 -> 7 -> 4 -> 2 (generator.levels, discriminator.levels)",
        "batch norm in the discriminator too, with real and fake in separate batches (discriminator.batch_norm)",
        "50 epochs of 2,000 batches: 100,000 steps (training.steps)",
        "digits are of MNIST's training split; the published run drew from both splits",
        "each epoch is shuffled again; the published run kept one order (data.order: stored)",
    ),
    tiny={
        "generator.width": "4",
        "discriminator.width": "4",
        "training.batch_size": "8",
        "metrics.0.fakes": "100",
    },
)
def dcgan_stacked_mnist() -> Recipe:
    return Recipe(
        data=StackedMNIST(source="hf:ylecun/mnist", range=(0.0, 1.0)),
        latent=Uniform(100),
        generator=partial(SameDCGANGenerator, width=64),
        discriminator=partial(SameDCGANDiscriminator, width=64),
        objective=NonSaturating(),
        optimizers=Pair(partial(Adam, lr=2e-4, betas=(0.5, 0.999))),
        updates=(Update("discriminator", draws="z"), Update("generator", draws="z", count=2)),
        training=Training(steps=50 * 2_000, batch_size=64, sample_every=2_000, checkpoint_every=2_000),
        metrics=(StackedModes(),),
    )


@recipe(
    "pacgan-stacked-mnist",
    source="Lin et al. 2018, PacGAN (arXiv:1712.04086), PacDCGAN2 on Stacked MNIST: the paper and its public code",
    data="Stacked MNIST",
    summary="dcgan-stacked-mnist with a discriminator of two pictures at once: they report all 1,000 modes",
    quirks=(
        "the discriminator classifies packs of two (objective.pack), and a batch is 64 packs: 128 pictures",
        "packs are formed anew in each epoch; the published run drew 128,000 of them once, with replacement",
        "one batch norm for all fakes of a step; the published run normalised each position in the packs separately",
        "all quirks of dcgan-stacked-mnist",
    ),
    tiny={
        "generator.width": "4",
        "discriminator.width": "4",
        "training.batch_size": "8",
        "metrics.0.fakes": "100",
    },
)
def pacgan_stacked_mnist() -> Recipe:
    parent = dcgan_stacked_mnist()
    return replace(parent, objective=NonSaturating(pack=2), training=replace(parent.training, batch_size=128))
