"""The relativistic pairing GAN with two gradient penalties (Huang et al., R3GAN, 2024, arXiv:2501.05441)."""

from functools import partial

from torch.optim import Adam

from honmono.data.mixtures import Grid
from honmono.metrics.modes import ModeCoverage
from honmono.networks.mlp import MLPDiscriminator, MLPGenerator
from honmono.objectives.penalties import R1, R2
from honmono.objectives.relativistic import Relativistic
from honmono.recipe import Average, Cosine, Geometric, Pair, Recipe, Training, Uniform, recipe


@recipe(
    "rpgan-grid",
    source="the loss of Huang et al. 2024 (R3GAN, arXiv:2501.05441) on the 25 Gaussians of PacGAN (arXiv:1712.04086)",
    data="grid",
    summary="relativistic GAN with R1 and R2 on 25 Gaussians, tuned to keep every mode",
    quirks=(
        "penalties are strong at first, so that all modes are covered, if blurred; then they decrease and the modes get"
        " sharper (objective.penalties.0.schedule, objective.penalties.1.schedule)",
        "the discriminator also gets random Fourier features of the points (discriminator.fourier; 0: the points only)",
        "samples use averaged weights, since the generator itself oscillates around the mixture (training.average)",
    ),
    tiny={
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
    },
)
def rpgan_grid() -> Recipe:
    steps, batch = 24_000, 256
    images = steps * batch
    decreasing = Geometric(end=0.01, begin=3 * images // 10, images=7 * images // 10)
    return Recipe(
        data=Grid(),
        latent=Uniform(2, low=-4.0, high=4.0),
        generator=partial(MLPGenerator, widths=(128,) * 4, activation="leaky_relu", output="linear"),
        discriminator=partial(MLPDiscriminator, widths=(128,) * 4, fourier=64, fourier_scale=4.0),
        objective=Relativistic(together=True, penalties=(R1(0.3, schedule=decreasing), R2(0.3, schedule=decreasing))),
        optimizers=Pair(partial(Adam, lr=1e-3, betas=(0.0, 0.99)), partial(Adam, lr=2e-3, betas=(0.0, 0.99))),
        training=Training(
            steps=steps,
            batch_size=batch,
            precision="fp32",  # bf16's eight bits would blur a mode
            average=Average(halflife=90_000),
            learning_rates=Pair(Cosine(begin=4 * images // 10, images=6 * images // 10)),
            log_every=50,
            sample_every=1_000,
            checkpoint_every=2_000,
            measure_images=2_000 * batch,
        ),
        metrics=(ModeCoverage(),),
    )
