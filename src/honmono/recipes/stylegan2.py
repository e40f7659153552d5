"""StyleGAN2 (Karras et al., 2019, arXiv:1912.04958): styles for each layer, which can be mixed and truncated.

Here without path length regularisation, which smooths the way from styles to pictures; Karras et al. (2020,
arXiv:2006.06676) do without it on CIFAR-10.
"""

from dataclasses import replace
from functools import partial

from torch.optim import Adam

from honmono.data.pictures import Pictures
from honmono.metrics.fid import FID
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.variety import Variety
from honmono.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from honmono.objectives.augment import DiffAugment
from honmono.objectives.base import ADVERSARIAL
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1, R2
from honmono.objectives.relativistic import Relativistic
from honmono.recipe import Average, Every, Normal, Pair, Recipe, Training, Update, recipe


QUIRKS = (
    "no path length regularisation",
    "noise is drawn anew in training; in samples it follows from the latent, while the authors draw it or fix it",
)
TINY = {
    "latent.dim": "8",
    "generator.width": "2",
    "generator.max_width": "4",
    "generator.style": "8",
    "generator.mapping": "2",
    "discriminator.width": "2",
    "discriminator.max_width": "4",
    "training.batch_size": "4",
    "metrics": "()",
}


@recipe(
    "stylegan2-mnist",
    source="Karras et al. 2019 (arXiv:1912.04958) on MNIST, small enough for a CPU",
    data="MNIST",
    summary="StyleGAN2 on MNIST with at most 64 channels; styles can be mixed",
    quirks=(
        *QUIRKS,
        "R1 is computed in every 16th step, with 16 times the weight (updates)",
        "second latents give the styles from a random layer on in 90% of the batches (generator.mixing; 0: never)",
    ),
    tiny=TINY,
)
def stylegan2_mnist() -> Recipe:
    return Recipe(
        data=Pictures(source="hf:ylecun/mnist", channels=1, size=28),
        latent=Normal(64),
        generator=partial(StyleGAN2Generator, width=16, max_width=64, style=64, mapping=4),
        discriminator=partial(StyleGAN2Discriminator, width=16, max_width=64),
        objective=NonSaturating(penalties=(R1(1.0),)),
        optimizers=Pair(partial(Adam, lr=2e-3, betas=(0.0, 0.99))),
        updates=(
            Update("discriminator", real="x", terms=ADVERSARIAL),
            Update("discriminator", real="x", terms=("r1",), count=Every(16)),
            Update("generator"),
        ),
        training=Training(steps=10_000, batch_size=32, average=Average(halflife=10_000), measure_images=160_000),
        conditional=True,
        fake_labels="real",
        metrics=tuple(metric(features="mnist") for metric in (FID, LabelFidelity, Variety)),
    )


@recipe(
    "stylegan2-folder",
    source="Karras et al. 2019 (arXiv:1912.04958), R3GAN's loss (arXiv:2501.05441), DiffAugment (arXiv:2006.10738)",
    data="any pictures",
    summary="StyleGAN2 on any folder of pictures; size, channels and classes come from the data",
    quirks=(
        *QUIRKS,
        "the loss is relativistic, with two gradient penalties estimated from every fourth sample, as in `folder`: with"
        " StyleGAN2's own loss each class became nearly one picture (benchmarks/README.md)",
        "styles are not mixed in training (generator.mixing: 0), as by Karras et al. on CIFAR-10 (arXiv:2006.06676)",
        "pictures of small data sets, and those in small classes of larger ones, are augmented for the discriminator as"
        " often as it overfits (objective.augment.probability, objective.augment.classes)",
    ),
    tiny={**TINY, "data.max_size": "16"},
)
def stylegan2_folder() -> Recipe:
    parent = stylegan2_mnist()
    return replace(
        parent,
        data=Pictures(oversample=1.0),
        latent=Normal(256),
        generator=partial(StyleGAN2Generator, width=16, max_width=256, style=256, mixing=0.0),
        discriminator=partial(StyleGAN2Discriminator, width=16, max_width=256),
        objective=Relativistic(
            penalties=(R1(1.0, every=4), R2(1.0, every=4)), augment=DiffAugment(probability="auto", classes="auto")
        ),
        updates=(Update("discriminator", real="x"), Update("generator", real="x")),
        training=replace(parent.training, steps=100_000, measure_images=320_000),
        conditional="auto",
        metrics=tuple(metric(features="cifar10") for metric in (FID, LabelFidelity, Variety)),
    )
