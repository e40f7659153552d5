"""The study that one article's author wished for: its two GANs beside the models that are compared with GANs today."""

from typing import Any

from honmono.studies.study import Case, Moments, Study


FAKES = 2_500  # a fake of a flow or a diffusion takes dozens of evaluations of its network
PICTURES = f"FID(features=mnist, fakes={FAKES}), PRDC(features=mnist, fakes={FAKES})"
LABELS = f"LabelFidelity(features=mnist, fakes={FAKES}), Variety(features=mnist, fakes={FAKES})"
LONG = 1_000_000  # steps: the moments end the training before


def case(recipe: str, label: str, kind: str, published: str = "", **changes: Any) -> Case:
    """A row of the study. kind: what the model is, and whether it knows the labels."""
    own: dict[str, Any] = {path.replace("__", "."): value for path, value in changes.items()}
    own["metrics"] = f"({PICTURES}, {LABELS})" if "labels" in kind else f"({PICTURES})"
    return Case(label=label, recipe=recipe, changes=own, settings={"model": kind}, published=published)


STUDY = Study(
    name="gan-vs-diffusion",
    article="Shimomoto, NTT TechnoCross Advent Calendar 2024, day 20",
    asks="on MNIST, which generative model is best at equal processor time, and which at equal images?",
    facts=(
        "The article builds an MLP GAN and its 'PGGAN', and shows digits of both.",
        "Its author also wanted to build a diffusion model, which GANs are compared with, and had no time for it.",
    ),
    inferred=(
        "All else: the article has no such experiment.",
        "The learning rates of flow and diffusion stay what they begin with, for trainings end at different moments."
        " The growing PGGAN is at full size after 240,000 images.",
        f"FID and the others are of {FAKES:,} fakes, in features of our own classifier of MNIST, against its training"
        " pictures: the FID of so few is higher by about 0.01 than that of 10,000.",
        "Unconditional models have no label fidelity. The PGGANs' pictures have 32x32 pixels: the protocols say how"
        " they come to 28x28.",
        "One seed: differences smaller than those between seeds mean nothing (use --seeds 3).",
    ),
    cases=(
        case("gan-mnist-article", "MLP GAN", "GAN, fully connected", published="digits after 50 epochs"),
        case("pggan-mnist-article", "PGGAN as published", "GAN, convolutions", published="digits after 10 epochs"),
        case("pggan-mnist", "PGGAN that grows", "GAN, convolutions", growth__train=40_000, growth__fade=40_000),
        case("dcgan-mnist", "DCGAN of today", "GAN, convolutions, labels"),
        case("flow-mnist", "flow matching", "flow, U-Net, labels", training__learning_rates="Pair(Constant())"),
        case("ddpm-mnist", "diffusion", "DDPM, U-Net, labels", training__learning_rates="Pair(Constant())"),
    ),
    changes={
        "training.steps": LONG,
        "training.sample_every": LONG,
        "training.checkpoint_every": 500,
    },
    moments=Moments(images=(64_000, 256_000), cpu_seconds=(600.0, 1_800.0)),
    epoch=60_000,
    sampler_steps=(1, 2, 5, 10, 25),
)
