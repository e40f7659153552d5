"""The Coulomb GAN (Unterthiner et al., 2017, arXiv:1708.08819): fakes repel each other and are attracted by reals."""

from functools import partial

from torch.optim import Adam

from honmono.data.mixtures import Grid
from honmono.data.pictures import Pictures
from honmono.metrics.fid import FID
from honmono.metrics.modes import ModeCoverage
from honmono.networks.dcgan_same import SameDCGANDiscriminator, SameDCGANGenerator
from honmono.networks.mlp import MLPDiscriminator, MLPGenerator
from honmono.objectives.coulomb import Coulomb
from honmono.recipe import (
    Average,
    Cosine,
    Geometric,
    Normal,
    Pair,
    Recipe,
    Simultaneous,
    Training,
    Uniform,
    Update,
    recipe,
)


# As in the authors' TensorFlow code, both gradients are computed with the same fakes, reals and weights.
AT_ONCE = (Simultaneous((Update("discriminator", draws="z", real="x"), Update("generator", draws="z", real="x"))),)


@recipe(
    "coulomb-cifar10-paper",
    source="Unterthiner et al. 2017 (arXiv:1708.08819), CIFAR-10, and the authors' code (networks my, my-big)",
    data="CIFAR-10",
    summary="Coulomb GAN on CIFAR-10 as the paper did it: a DCGAN whose D learns a potential",
    quirks=(
        "both players are updated simultaneously, on the same fakes and reals (updates)",
        "D halves pictures 4 times, since the authors' code derives this from the batch size of 128"
        " (discriminator.levels; 2: down to 8x8)",
        "D is twice as wide as a DCGAN's, and its learning rate is half of G's (discriminator.width,"
        " optimizers.discriminator.lr)",
        "a sample's potential includes its own charge (objective.self_terms)",
        "G's output is 1.7159 tanh(2x/3), clipped in saved pictures only (generator.wide_tanh)",
        "weight decay of 1e-7 on convolutions' kernels; here on all weights (optimizers.*.weight_decay)",
        "batch norms add 1e-5 to variances, TensorFlow's 1e-3",
        "batch norm uses batch statistics for samples too (sampling)",
        "measured on 5,120 fakes in training; the authors used 20,480 at the end (metrics; honmono evaluate --num),"
        " and Inception features rather than honmono's own",
        "weights are initialised Xavier-uniform; in the source G's two inner convolutions are normal with twice the"
        " variance",
    ),
    tiny={
        "generator.width": "4",
        "discriminator.width": "4",
        "training.batch_size": "8",
        "metrics": "()",
    },
)
def coulomb_cifar10_paper() -> Recipe:
    adam = partial(Adam, lr=1e-4, weight_decay=1e-7)
    return Recipe(
        data=Pictures(source="hf:uoft-cs/cifar10", size=32, channels=3, expects=(32, 3)),
        latent=Normal(32),
        generator=partial(
            SameDCGANGenerator, width=256, levels=3, project_batch_norm=False, xavier=True, wide_tanh=True
        ),
        discriminator=partial(SameDCGANDiscriminator, width=128, levels=4, first_batch_norm=True, xavier=True),
        objective=Coulomb(eps=1.0, dimension=3.0),
        optimizers=Pair(adam, partial(Adam, lr=5e-5, weight_decay=1e-7)),
        updates=AT_ONCE,
        training=Training(
            steps=500_000, batch_size=128, sample_every=5_000, checkpoint_every=5_000, measure_images=25_000 * 128
        ),
        sampling="batch",
        metrics=(FID(features="cifar10", fakes=5 * 1024),),
    )


@recipe(
    "coulomb-grid",
    source="Unterthiner et al. 2017 (Coulomb GAN, arXiv:1708.08819) on the 25 Gaussians of PacGAN (arXiv:1712.04086)",
    data="grid",
    summary="Coulomb GAN on 25 Gaussians: fakes and reals are charges, and D learns their potential",
    quirks=(
        "both players are updated simultaneously, on the same fakes and reals (updates)",
        "the potential is smoothed within 0.3, later 0.12: with a small eps from the start G covers few modes, with a"
        " large one until the end its points stay far from their centres (objective.eps, objective.schedule)",
        "a sample's potential includes its own charge, as in the authors' code (objective.self_terms)",
        "D's learning rate is above G's, not half of it, so that D can follow the changing potential (optimizers)",
        "D also gets random Fourier features of the points (discriminator.fourier; 0: the points only)",
        "a batch is three times the paper's: with fewer charges the forces are noisier (training.batch_size)",
        "learning rates decrease and weights are averaged, unlike in the paper (training.learning_rates, .average)",
    ),
    tiny={
        "generator.widths": "(16, 16)",
        "discriminator.widths": "(16, 16)",
        "training.batch_size": "16",
        "training.learning_rates.generator.begin": "16",
        "training.learning_rates.generator.images": "16",
        "training.learning_rates.discriminator.begin": "16",
        "training.learning_rates.discriminator.images": "16",
        "objective.schedule.begin": "16",
        "objective.schedule.images": "16",
        "metrics": "()",
    },
)
def coulomb_grid() -> Recipe:
    steps, batch = 34_000, 384
    images = steps * batch
    falling = {"begin": 9 * images // 20, "images": 11 * images // 20}
    return Recipe(
        data=Grid(),
        latent=Uniform(2, low=-4.0, high=4.0),
        generator=partial(MLPGenerator, widths=(96,) * 4, activation="leaky_relu", output="linear"),
        discriminator=partial(MLPDiscriminator, widths=(96,) * 3, fourier=64, fourier_scale=4.0),
        objective=Coulomb(eps=0.3, schedule=Geometric(end=0.4, begin=images // 2, images=images // 2)),
        optimizers=Pair(partial(Adam, lr=4e-4, betas=(0.0, 0.99)), partial(Adam, lr=2e-3, betas=(0.0, 0.99))),
        updates=AT_ONCE,
        training=Training(
            steps=steps,
            batch_size=batch,
            precision="fp32",  # bf16's eight bits would blur a mode
            average=Average(halflife=60_000),
            learning_rates=Pair(Cosine(end=0.02, **falling), Cosine(end=0.1, **falling)),
            log_every=50,
            sample_every=1_000,
            checkpoint_every=2_500,
            measure_images=2_500 * batch,
        ),
        metrics=(ModeCoverage(),),
    )
