"""The relativistic pairing GAN with two gradient penalties (Huang et al., R3GAN, 2024, arXiv:2501.05441)."""

from dataclasses import replace
from functools import partial

from torch.optim import Adam

from honmono.data.mixtures import Grid
from honmono.metrics.modes import ModeCoverage
from honmono.networks.mlp import MLPDiscriminator, MLPGenerator
from honmono.objectives.penalties import R1, R2
from honmono.objectives.relativistic import Relativistic
from honmono.recipe import Average, Clusters, Cosine, Geometric, Pair, Recipe, Training, recipe


BATCH = 512
QUIRKS = (
    "latents are in small clusters with gaps between them, so that no sample has to be between two modes (latent); the"
    " clusters, many more than modes, fill the square that the data is in (latent.low, latent.high)",
    "a sample is its latent plus what the generator's layers make of it (generator.skip), which get random Fourier"
    " features of the latent (generator.fourier), as the discriminator of the points (discriminator.fourier; 0: none)",
    "penalties are strong at first, so that modes are covered evenly, if blurred; then they decrease and the modes get"
    " sharper (objective.penalties.0.schedule, objective.penalties.1.schedule)",
    "the penalties are estimated from every fourth sample (objective.penalties.0.every, objective.penalties.1.every)",
    "samples use averaged weights, since the generator itself oscillates around the mixture (training.average)",
)
TINY = {
    "generator.widths": "(16, 16)",
    "discriminator.widths": "(16, 16)",
    "training.batch_size": "16",
    "training.learning_rates.generator.begin": "16",
    "training.learning_rates.generator.images": "32",
    "training.learning_rates.discriminator.begin": "16",
    "training.learning_rates.discriminator.images": "32",
    "objective.penalties.0.schedule.begin": "16",
    "objective.penalties.0.schedule.images": "32",
    "objective.penalties.1.schedule.begin": "16",
    "objective.penalties.1.schedule.images": "32",
}


@recipe(
    "rpgan-grid",
    source="the loss of Huang et al. 2024 (R3GAN, arXiv:2501.05441) on the 25 Gaussians of PacGAN (arXiv:1712.04086)",
    data="grid",
    summary="relativistic GAN with R1 and R2 on 25 Gaussians, tuned to keep every mode",
    quirks=QUIRKS,
    tiny=TINY,
)
def rpgan_grid() -> Recipe:
    return Recipe(
        data=Grid(),
        latent=Clusters(2, count=2_000, spread=0.04, low=-5.0, high=5.0),
        generator=generator(3.0),
        discriminator=discriminator(4.0),
        objective=objective(0.5, end=0.001, steps=6_000),
        optimizers=Pair(partial(Adam, lr=1e-3, betas=(0.0, 0.99)), partial(Adam, lr=2e-3, betas=(0.0, 0.99))),
        training=training(steps=6_000),
        metrics=(ModeCoverage(),),
    )


@recipe(
    "rpgan-grid-100",
    source="the loss of Huang et al. 2024 (R3GAN, arXiv:2501.05441) on the 100 Gaussians of the package particlegan",
    data="grid",
    summary="relativistic GAN with R1 and R2 on 100 Gaussians",
    quirks=QUIRKS,
    tiny=TINY,
)
def rpgan_grid_100() -> Recipe:
    return replace(
        rpgan_grid(),
        data=Grid(side=10, spacing=1.0, sigma=0.03),
        latent=Clusters(2, count=4_000, spread=0.025, low=-5.0, high=5.0),
        generator=generator(5.0),
        discriminator=discriminator(8.0),
        objective=objective(0.03, end=0.0003, steps=6_000),
        training=training(steps=6_000),
        metrics=(ModeCoverage(fakes=10_000),),
    )


def generator(scale: float) -> partial[MLPGenerator]:
    """Three layers of 128 on Fourier features of this scale, beside a skip."""
    layers = partial(MLPGenerator, widths=(128,) * 3, activation="leaky_relu", output="linear", skip=True)
    return partial(layers, fourier=64, fourier_scale=scale)


def discriminator(scale: float) -> partial[MLPDiscriminator]:
    """Three layers of 128 on Fourier features of this scale."""
    return partial(MLPDiscriminator, widths=(128,) * 3, fourier=64, fourier_scale=scale)


def objective(gamma: float, end: float, steps: int) -> Relativistic:
    """With penalties that decrease from `gamma` to `end` in the last 70% of the steps."""
    images = steps * BATCH
    decreasing = Geometric(end=end / gamma, begin=3 * images // 10, images=7 * images // 10)
    return Relativistic(penalties=(R1(gamma, every=4, schedule=decreasing), R2(gamma, every=4, schedule=decreasing)))


def training(steps: int) -> Training:
    """With learning rates that decrease to 0 in the last 60% of the steps."""
    images = steps * BATCH
    return Training(
        steps=steps,
        batch_size=BATCH,
        precision="fp32",  # bf16's eight bits would blur a mode
        average=Average(halflife=90_000),
        learning_rates=Pair(Cosine(begin=4 * images // 10, images=6 * images // 10)),
        log_every=50,
        sample_every=500,
        checkpoint_every=1_000,
        measure_images=500 * BATCH,
    )
