"""The MLP GAN and the 'PGGAN' of one article, and the changes from one to the other: which caused the improvement?"""

from collections.abc import Mapping
from typing import Any

from honmono.studies.study import Case, Study


EPOCH = 60_000  # images

# An epoch has 938 batches; the last one has 32 pictures.
EQUAL = {"training.steps": 10 * 938, "training.measure_images": 2 * EPOCH}
NOT_GROWING = {"growth": "none", "training.steps": 10 * EPOCH // 32}
DCGAN = {"generator": "DCGANGenerator(width=128)", "discriminator": "DCGANDiscriminator(width=128)"}
PLAIN_LAYERS = {"generator.pixel_norm": "false", "generator.equalized": "false", "discriminator.equalized": "false"}

MLP, ARTICLE, REAL = "gan-mnist-article", "pggan-mnist-article", "pggan-mnist"  # recipes


def case(
    recipe: str,
    label: str,
    what_changes: str,
    changes: Mapping[str, Any],
    *,
    seeds: tuple[int, ...] = (1,),
    epochs: int = 10,
    published: str = "",
) -> Case:
    """A row of the study. what_changes: from the row above it."""
    settings = {"what changes": what_changes, "epochs": str(epochs)}
    return Case(label=label, recipe=recipe, changes=changes, seeds=seeds, settings=settings, published=published)


STUDY = Study(
    name="gan-vs-pggan",
    article="Shimomoto, NTT TechnoCross Advent Calendar 2024, day 20",
    asks="at equal epochs, which change from the MLP GAN to the 'PGGAN' caused the improvement?",
    facts=(
        "After 50 epochs the MLP GAN generates readable digits.",
        "After 10 epochs its 'PGGAN' generates clearly better digits than the MLP after 10, as its pictures show.",
        "It explains the improvement by layers of low resolution that are trained first.",
    ),
    inferred=(
        "As published nothing grows: the 'PGGAN' is a DCGAN for 32x32 pictures, so low resolutions cannot explain the"
        " improvement. The DCGAN here has networks of the same size (3.4 and 2.6 million parameters), without batch"
        " norm in D and with weights initialised from N(0, 0.02).",
        "The real PGGAN here has at most 64 channels, the paper's 512: it shows the method, not its best quality.",
        "The article does not name the MLP's optimizer: Adam with torch's betas is inferred, since with those of the"
        " 'PGGAN' the MLP collapses before its tenth epoch.",
        "All cases are trained under seed 1. The 'PGGAN' is trained under seed 0 too: in its first epoch D wins for"
        " hundreds of steps, and how soon G recovers depends on the seed.",
        "One seed of the others: differences smaller than those between seeds mean nothing (use --seeds 3).",
        "Each row says what changes from the row above it, except for the longer MLP; the effects of changes in the"
        " same row cannot be separated.",
        "The MLPs generate 28x28 pictures, the others 32x32, resized or with a black border: the protocols say which.",
    ),
    cases=(
        case(MLP, "MLP GAN", "", EQUAL, published="not learned yet after 10 epochs"),
        case(
            MLP,
            "MLP GAN, longer",
            "only the length",
            {"training.measure_images": 10 * EPOCH},
            epochs=50,
            published="readable digits after 50 epochs",
        ),
        case(MLP, "MLP GAN with batch norm", "batch norm in G", EQUAL | {"generator.batch_norm": "true"}),
        case(
            ARTICLE,
            "DCGAN of the same size",
            "convolutions, initialised from N(0, 0.02); pictures resized to 32x32; logits; separate batches of real and"
            " fake in D; samples by batch statistics",
            EQUAL | DCGAN | {"objective.scores": "logits"},
        ),
        case(
            ARTICLE,
            "PGGAN as published",
            "batch norm in D too; torch's initial weights; sigmoid",
            EQUAL,
            seeds=(0, 1),
            published="clearly better than the MLP after 10 epochs",
        ),
        case(
            ARTICLE,
            "DCGAN under WGAN-GP",
            "the DCGAN again; WGAN-GP with drift",
            EQUAL
            | DCGAN
            | {"objective": "Wasserstein(penalties=(GradientPenalty(), Drift()))", "training.precision": "fp32"},
        ),
        case(
            REAL,
            "DCGAN trained as the PGGAN",
            "Adam at 0.001 with (0, 0.99); batches of 32, so twice the steps; averaged weights; 64 latents, fresh for"
            " each update; a border; samples by running averages",
            EQUAL | NOT_GROWING | DCGAN,
        ),
        case(
            REAL,
            "WGAN-GP that does not grow",
            "the PGGAN's layers, at most 64 channels, no batch norm, no tanh; latents of equal length; minibatch"
            " standard deviation",
            EQUAL | NOT_GROWING | PLAIN_LAYERS,
        ),
        case(REAL, "PGGAN that does not grow", "pixel norm, equalized rates", EQUAL | NOT_GROWING),
        # 7,968 steps make 300,000 pictures, with larger batches at first; then 32 in each.
        case(REAL, "PGGAN that grows", "growth", EQUAL | {"training.steps": 7_968 + 300_000 // 32}),
    ),
    changes={"training.sample_every": 938},
    frames=(0.2, 0.4, 0.6, 0.8, 1.0),
    epoch=EPOCH,
)
