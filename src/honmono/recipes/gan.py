"""The standard GAN (Goodfellow et al., 2014, arXiv:1406.2661) with fully connected networks."""

from functools import partial

from torch.optim import Adam

from honmono.data.mixtures import Grid
from honmono.data.pictures import Pictures
from honmono.metrics.fid import FID
from honmono.metrics.modes import ModeCoverage
from honmono.networks.mlp import MLPDiscriminator, MLPGenerator
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe import Normal, Pair, Recipe, SampleGrid, Training, Update, recipe


@recipe(
    "gan-mnist-article",
    source="Shimomoto, NTT TechnoCross Advent Calendar 2024, day 20: the MLP GAN",
    data="MNIST",
    summary="MLP GAN on MNIST as the article did it: BCELoss on sigmoids, one fake batch for both updates",
    quirks=(
        "one fake batch is used in both updates of a step (updates.*.draws; none: fresh fakes for each)",
        "the loss is BCELoss on sigmoid outputs (objective.scores, discriminator.output)",
        "the last batch of an epoch holds 32 pictures (data.drop_last)",
        "16 samples (grids), stretched from black to white in each grid (grids.0.stretch); the article makes them every"
        " tenth epoch (training.sample_every=9380), of new latents",
        "the published loader resizes to 32x32, which its 28x28 networks cannot use: here 28x28 as stored,"
        " and other pictures with the loader's bilinear filter (data.resample)",
        "the article names no optimizer for the MLP: Adam with torch's betas is inferred, since with (0.5, 0.999), as"
        " in its second GAN, the generator collapses here before the tenth epoch (optimizers.*.betas)",
    ),
    tiny={
        "generator.widths": "(16, 16)",
        "discriminator.widths": "(16, 16)",
        "training.batch_size": "8",
        "metrics": "()",
    },
)
def gan_mnist_article() -> Recipe:
    return Recipe(
        data=Pictures(
            source="hf:ylecun/mnist", size=28, resample="bilinear", channels=1, expects=(28, 1), drop_last=False
        ),
        latent=Normal(100),
        generator=partial(MLPGenerator, widths=(256, 512, 1024), activation="relu", output="tanh"),
        discriminator=partial(MLPDiscriminator, widths=(1024, 512), activation="leaky_relu", output="sigmoid"),
        objective=NonSaturating(scores="probabilities"),
        optimizers=Pair(partial(Adam, lr=2e-4)),
        updates=(Update("discriminator", draws="z", real="x"), Update("generator", draws="z", real="x")),
        training=Training(
            steps=50 * 938, batch_size=64, sample_every=938, checkpoint_every=938, measure_images=750_000
        ),
        grids=(SampleGrid(columns=4, rows=4, stretch=True),),
        metrics=(FID(features="mnist"),),
    )


@recipe(
    "gan-grid",
    source="Goodfellow et al. 2014 on the 25 Gaussians of VEEGAN and PacGAN (arXiv:1712.04086)",
    data="grid",
    summary="standard GAN on 25 Gaussians in the plane, where lost modes can be counted",
    quirks=(
        "networks and learning rates are honmono's own: G has batch norm and three layers of 128 (generator,"
        " discriminator, optimizers); the number of lost modes depends on them: for PacGAN's own see pacgan-grid",
    ),
    tiny={
        "generator.widths": "(16, 16)",
        "discriminator.widths": "(16, 16)",
        "training.batch_size": "16",
        "metrics": "()",
    },
)
def gan_grid() -> Recipe:
    return Recipe(
        data=Grid(),
        latent=Normal(4),
        generator=partial(MLPGenerator, widths=(128, 128, 128), batch_norm=True, output="linear"),
        discriminator=partial(MLPDiscriminator, widths=(128, 128, 128), output="linear"),
        objective=NonSaturating(),
        optimizers=Pair(partial(Adam, lr=1e-3, betas=(0.5, 0.999))),
        # bf16's eight bits would blur a mode
        training=Training(
            steps=20_000,
            batch_size=512,
            precision="fp32",
            log_every=50,
            sample_every=1_000,
            measure_images=512_000,
        ),
        metrics=(ModeCoverage(),),
    )
