"""What a newcomer with a folder of pictures gets: residual players, a relativistic loss, labels where there are any.

Of Huang et al. (R3GAN, 2024, arXiv:2501.05441): the loss with both gradient penalties, and a discriminator without any
normalisation. Of Zhao et al. (DiffAugment, 2020, arXiv:2006.10738): augmentation of what it sees, for small sets. Of
DCGAN: the chain of 4x4 convolutions, and batch norm in the generator.
"""

from functools import partial

from torch.optim import Adam

from honmono.data.pictures import Pictures
from honmono.latents import Normal
from honmono.metrics.fid import FID
from honmono.networks.residual import ResidualDiscriminator, ResidualGenerator
from honmono.objectives.augment import DiffAugment
from honmono.objectives.penalties import R1, R2
from honmono.objectives.relativistic import Relativistic
from honmono.recipe import Average, Pair, Recipe, Training
from honmono.registry import recipe


@recipe(
    "folder",
    source="honmono's own, of R3GAN (arXiv:2501.05441), DiffAugment (arXiv:2006.10738), projection (arXiv:1802.05637)",
    data="any pictures",
    summary="what `honmono train --data FOLDER` takes: size, channels, classes and augmentation follow from the data",
    quirks=(
        "conditional where the data has at least two classes (conditional: auto; true or false)",
        "fewer than 10,000 pictures are augmented before the discriminator sees them"
        " (objective.augment.probability: auto; 0 never, 1 always)",
        "the gradient penalties are estimated from every fourth sample (objective.penalties.0.every, ...1.every)",
    ),
    tiny={
        "generator.width": "4",
        "discriminator.width": "4",
        "training.batch_size": "8",
        "data.max_size": "16",
        "metrics": "()",
    },
)
def folder() -> Recipe:
    return Recipe(
        data=Pictures(),
        latent=Normal(128),
        generator=partial(ResidualGenerator, width=32),
        discriminator=partial(ResidualDiscriminator, width=32),
        objective=Relativistic(
            together=True,
            penalties=(R1(1.0, every=4), R2(1.0, every=4)),
            augment=DiffAugment(probability="auto"),
        ),
        optimizers=Pair(partial(Adam, lr=2e-3, betas=(0.0, 0.99))),
        training=Training(steps=40_000, batch_size=32, average=Average(halflife=10_000), measure_images=320_000),
        conditional="auto",
        metrics=(FID(features="cifar10"),),
    )
