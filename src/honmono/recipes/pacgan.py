"""PacGAN (Lin et al., 2018, arXiv:1712.04086): the discriminator gets several samples as one input.

A generator that drops modes makes packs of similar samples, which a discriminator of packs recognises easily. Details
that the paper does not state are from its public code.
"""

from functools import partial

from torch.optim import Adam

from honmono.data.mixtures import Grid
from honmono.metrics.modes import ModeCoverage
from honmono.networks.maxout import MaxoutDiscriminator
from honmono.networks.mlp import MLPGenerator
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe import Normal, Pair, Recipe, Simultaneous, Training, Update, recipe


@recipe(
    "pacgan-grid",
    source="Lin et al. 2018, PacGAN (arXiv:1712.04086), its 2D grid: the paper and its public code",
    data="grid",
    summary="PacGAN on 25 Gaussians as published, 400,000 steps: D classifies two points at once",
    quirks=(
        "the discriminator classifies packs of two (objective.pack; 1 with training.batch_size 100: the paper's plain"
        " GAN)",
        "a batch is 100 packs, so 200 points here; 400 epochs were of 100,000 packs: 400,000 steps (training.steps)",
        "packs are formed anew in each epoch; the published run drew 100,000 of them once, with replacement",
        "both players are updated simultaneously (updates)",
        "one batch norm for all fakes of a step; the published run normalised each position in the packs separately",
        "batch norm's momentum and epsilon are torch's (0.1, 1e-5), where the published ones are Blocks' (0.05, 1e-4)",
    ),
    tiny={
        "generator.widths": "(16, 16)",
        "discriminator.widths": "(16, 16)",
        "training.batch_size": "16",
        "metrics.0.fakes": "100",
    },
)
def pacgan_grid() -> Recipe:
    return Recipe(
        data=Grid(),
        latent=Normal(2),
        generator=partial(MLPGenerator, widths=(400,) * 4, batch_norm=True, output="linear", weight_std=0.02),
        discriminator=partial(MaxoutDiscriminator, widths=(200,) * 3, pieces=5, weight_std=0.02),
        objective=NonSaturating(pack=2),
        optimizers=Pair(partial(Adam, lr=1e-4, betas=(0.8, 0.999))),
        updates=(Simultaneous((Update("discriminator", draws="z"), Update("generator", draws="z"))),),
        # bf16's eight bits would blur a mode
        training=Training(
            steps=400_000,
            batch_size=200,
            precision="fp32",
            log_every=500,
            sample_every=10_000,
            checkpoint_every=10_000,
            measure_images=2_000_000,
        ),
        metrics=(ModeCoverage(),),
    )
