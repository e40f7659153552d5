"""The Wasserstein GAN (Arjovsky et al., 2017, arXiv:1701.07875), clipped, not clipped, and with a gradient penalty."""

from dataclasses import replace
from functools import partial
from math import inf, sqrt

from torch.optim import Adam, RMSprop

from honmono.data.mixtures import Grid
from honmono.metrics.modes import ModeCoverage
from honmono.networks.mlp import MLPDiscriminator, MLPGenerator
from honmono.objectives.wasserstein import GradientPenalty, Wasserstein
from honmono.recipe import (
    Average,
    Clip,
    Cosine,
    InverseByUpdate,
    Normal,
    Pair,
    Recipe,
    TensorFlowAdam,
    Training,
    Uniform,
    Update,
    WarmUp,
    recipe,
)


@recipe(
    "wgan-grid-article",
    source="the blog article 'WGAN' of 3 December 2017 (Keras): 25 Gaussians, the parameters of its successful run",
    data="grid",
    summary="WGAN on 25 Gaussians as the article did it; its other settings are a few fields away",
    quirks=(
        "every parameter of the critic is clipped, biases too, after each of its updates (clip.bound, clip.when)",
        "real scores are low and fake ones high, unlike in the paper (objective.real_scores)",
        "the critic's loss is a mean over reals and fakes joined, half of the difference (objective.factor)",
        "the updates of a step use one real batch, each with new latents (updates.0.real and updates.1.real; none for"
        " both: new real batches too)",
        "one critic update for one of the generator (updates.0.count), and Adam with momentum, unlike in the paper",
        "Keras's decay, lr / (1 + decay t), on both rates (training.learning_rates.*.decay); t is each player's own"
        " updates",
        "Adam adds eps to the uncorrected root, as Keras does (optimizers.*: TensorFlowAdam; Adam: torch's)",
        "decay 1e-4 instead, for both players, is the article's first failure; others change lr and clip.bound too",
        "the article states no means and widths: those of Geometric GAN's toy4 are inferred (data.spacing, data.sigma)",
        "nor its networks, except for ELUs: three layers of 128 are inferred (generator.widths, .activation), and that"
        " G has no batch norm (generator.batch_norm)",
        "nor the range of latents: -1 to 1 is inferred (latent)",
        "weights are initialised Xavier-uniform and biases at 0, as in Keras (generator.xavier, discriminator.xavier)",
        "the article samples after each epoch (training.sample_every=195) with new latents; here after every tenth,"
        " with the same ones",
    ),
    tiny={
        "generator.widths": "(16, 16)",
        "discriminator.widths": "(16, 16)",
        "training.batch_size": "16",
        "updates.0.count": "2",
        "metrics": "()",
    },
)
def wgan_grid_article() -> Recipe:
    epoch = 195 * 512  # of 100,000 points, 4,000 for each Gaussian; the last 160 of each shuffle are dropped
    adam = partial(TensorFlowAdam, lr=1e-4, betas=(0.5, 0.999))
    return Recipe(
        data=Grid(spacing=10.5, sigma=sqrt(0.1)),
        latent=Uniform(4),
        generator=partial(MLPGenerator, widths=(128, 128, 128), activation="elu", output="linear", xavier=True),
        discriminator=partial(MLPDiscriminator, widths=(128, 128, 128), activation="elu", xavier=True),
        objective=Wasserstein(real_scores="low", factor=0.5),
        optimizers=Pair(adam),
        updates=(Update("discriminator", real="x"), Update("generator", real="x")),
        clip=Clip(bound=0.1),
        training=Training(
            steps=1_000 * 195,
            batch_size=512,
            precision="fp32",  # bf16's eight bits would blur a mode
            learning_rates=Pair(InverseByUpdate(decay=1e-5)),
            log_every=195,
            sample_every=10 * 195,
            checkpoint_every=10 * 195,
            measure_images=10 * epoch,
        ),
        metrics=(ModeCoverage(),),
    )


@recipe(
    "wgan-grid-noclip-article",
    source="the blog article 'WGAN' of 3 December 2017: the runs without clipping, one of two successful",
    data="grid",
    summary="the article's WGAN without clipping: no longer a WGAN, and the critic's scores grow without bound",
    quirks=("all quirks of wgan-grid-article, but without clipping (clip.bound; 0.1 is the article's with clipping)",),
    tiny={
        "generator.widths": "(16, 16)",
        "discriminator.widths": "(16, 16)",
        "training.batch_size": "16",
        "metrics": "()",
    },
)
def wgan_grid_noclip_article() -> Recipe:
    return replace(wgan_grid_article(), clip=Clip(bound=inf))


@recipe(
    "wgan-grid-paper",
    source="Arjovsky et al. 2017 (arXiv:1701.07875), algorithm 1, with the MLPs and the warm-up of the authors' code",
    data="grid",
    summary="WGAN on 25 Gaussians as in the paper: RMSprop, weights within 0.01, 5 critic updates for 1",
    quirks=(
        "weights are clipped after each critic update as in the paper (clip.when; before: as in the authors' code)",
        "real scores are high as in the paper (objective.real_scores; low: as in the authors' code)",
        "100 critic updates in each of the first 25 steps and in every 500th (updates.0.count; 5: always 5)",
        "the paper has no points in the plane: PacGAN's grid and 20,000 steps are inferred (data, training.steps)",
        "weights have torch's default initialisation; the authors' N(0, 0.02) is for convolutions",
    ),
    tiny={
        "generator.widths": "(16, 16)",
        "discriminator.widths": "(16, 16)",
        "training.batch_size": "16",
        "updates.0.count": "WarmUp(count=2, high=3, steps=2, every=4)",
        "metrics": "()",
    },
)
def wgan_grid_paper() -> Recipe:
    return Recipe(
        data=Grid(),
        latent=Normal(100),
        generator=partial(MLPGenerator, widths=(512, 512, 512), output="linear"),
        discriminator=partial(MLPDiscriminator, widths=(512, 512, 512), activation="relu"),
        objective=Wasserstein(),
        optimizers=Pair(partial(RMSprop, lr=5e-5)),
        updates=(Update("discriminator", count=WarmUp()), Update("generator")),
        clip=Clip(bound=0.01),
        training=Training(
            steps=20_000,
            batch_size=64,
            precision="fp32",
            log_every=50,
            sample_every=1_000,
            checkpoint_every=1_000,
            measure_images=640_000,
        ),
        metrics=(ModeCoverage(),),
    )


@recipe(
    "wgan-gp-grid",
    source="Gulrajani et al. 2017 (WGAN-GP, arXiv:1704.00028) on the 25 Gaussians of PacGAN (arXiv:1712.04086)",
    data="grid",
    summary="WGAN with a gradient penalty on 25 Gaussians",
    quirks=(
        "the penalty is 0.1 as in the paper's experiments in the plane (objective.penalties.0.strength)",
        "the critic also gets random Fourier features of the points (discriminator.fourier; 0: the points only)",
        "learning rates decrease and weights are averaged, unlike in the paper (training.learning_rates, .average)",
        "networks, latents and steps are honmono's own: 4 and 3 layers of 128, U(-1, 1), 13,000 steps, rates of 5e-4"
        " and 1e-3;"
        " the paper's code has 3 of 512, N(0, 1), 100,000 and 1e-4 (generator, discriminator, latent, optimizers)",
    ),
    tiny={
        "generator.widths": "(16, 16)",
        "discriminator.widths": "(16, 16)",
        "training.batch_size": "16",
        "training.learning_rates.generator.begin": "32",
        "training.learning_rates.generator.images": "64",
        "training.learning_rates.discriminator.begin": "32",
        "training.learning_rates.discriminator.images": "64",
        "updates.0.count": "2",
        "metrics": "()",
    },
)
def wgan_gp_grid() -> Recipe:
    steps, batch, critic = 13_000, 256, 5
    images = steps * batch * critic
    return Recipe(
        data=Grid(),
        latent=Uniform(2),
        generator=partial(MLPGenerator, widths=(128,) * 4, activation="leaky_relu", output="linear"),
        discriminator=partial(MLPDiscriminator, widths=(128,) * 3, fourier=64, fourier_scale=4.0),
        objective=Wasserstein(penalties=(GradientPenalty(strength=0.1),)),
        optimizers=Pair(partial(Adam, lr=5e-4, betas=(0.5, 0.9)), partial(Adam, lr=1e-3, betas=(0.5, 0.9))),
        updates=(Update("discriminator", count=critic), Update("generator")),
        training=Training(
            steps=steps,
            batch_size=batch,
            precision="fp32",
            average=Average(halflife=90_000),
            learning_rates=Pair(Cosine(begin=6 * images // 10, images=4 * images // 10)),
            log_every=50,
            sample_every=1_000,
            checkpoint_every=1_000,
            measure_images=1_000 * batch * critic,
        ),
        metrics=(ModeCoverage(),),
    )
