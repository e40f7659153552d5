"""Flow matching: one network learns the velocity that leads noise to samples, without a discriminator.

Straight paths (Lipman et al., 2022, arXiv:2210.02747; Liu et al., 2022, arXiv:2209.03003), a U-Net of the usual kind
(arXiv:2006.11239), labels by classifier-free guidance (arXiv:2207.12598), and averaged weights.
"""

from dataclasses import replace
from functools import partial

from torch.optim import Adam

from honmono.data.mixtures import Grid
from honmono.data.pictures import Pictures
from honmono.metrics.fid import FID
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.nearest_class import NearestClass
from honmono.metrics.prdc import PRDC
from honmono.metrics.variety import Variety
from honmono.networks.time_mlp import TimeMLP
from honmono.networks.unet import UNet
from honmono.objectives.flow_matching import FlowMatching, LogitNormalTimes
from honmono.recipe import ODE, Average, Cosine, Pair, Recipe, SampleNoise, Training, Update, recipe


TINY = {
    "generator.width": "8",
    "generator.multiples": "(1, 2)",
    "generator.blocks": "1",
    "generator.head_channels": "8",
    "sampler.steps": "2",
    "training.batch_size": "4",
    "metrics": "()",
}


@recipe(
    "flow-grid",
    source="Lipman et al. 2022 (arXiv:2210.02747) on the 25 Gaussians of PacGAN (arXiv:1712.04086)",
    data="grid",
    summary="flow matching on 25 Gaussians: a model with one network, to set beside the GANs",
    quirks=("samples are made in 32 steps of Heun's method, 64 evaluations of the network (sampler)",),
    tiny={"generator.widths": "(16, 16)", "sampler.steps": "2", "training.batch_size": "16"},
)
def flow_grid() -> Recipe:
    steps, batch = 20_000, 512
    return Recipe(
        data=Grid(),
        latent=SampleNoise(),
        generator=partial(TimeMLP, widths=(256, 256, 256)),
        objective=FlowMatching(),
        optimizers=Pair(partial(Adam, lr=1e-3, betas=(0.9, 0.99))),
        updates=(Update("generator"),),
        training=Training(
            steps=steps,
            batch_size=batch,
            precision="fp32",  # bf16's eight bits would blur a mode
            average=Average(halflife=200_000),
            learning_rates=Pair(Cosine(begin=steps * batch // 2, images=steps * batch // 2)),
            log_every=50,
            sample_every=1_000,
            checkpoint_every=2_000,
            measure_images=5_000 * batch,
        ),
        sampler=ODE(solver="heun", steps=32),
        metrics=(ModeCoverage(),),
    )


@recipe(
    "flow-mnist",
    source="Lipman et al. 2022 (arXiv:2210.02747), guidance by labels as Ho & Salimans 2022 (arXiv:2207.12598)",
    data="MNIST",
    summary="conditional flow matching on MNIST with a small U-Net",
    quirks=(
        "times are drawn from a logit-normal distribution, more of the middle (objective.times; arXiv:2403.03206)",
        "the U-Net works on squares of 2x2 pixels, a quarter of the places (generator.patch; 1: on pixels)",
        "samples are made in 5 steps of the midpoint method with guidance 1.25, 20 evaluations (sampler)",
    ),
    tiny=TINY,
)
def flow_mnist() -> Recipe:
    return Recipe(
        data=Pictures(source="hf:ylecun/mnist", expects=(28, 1)),
        latent=SampleNoise(),
        generator=partial(UNet, width=32, patch=2, multiples=(1, 2), blocks=1, attention=7, head_channels=32),
        objective=FlowMatching(times=LogitNormalTimes()),
        optimizers=Pair(partial(Adam, lr=1e-3, betas=(0.9, 0.99))),
        updates=(Update("generator"),),
        training=Training(
            steps=5_000,
            batch_size=64,
            average=Average(halflife=20_000),
            learning_rates=Pair(Cosine(begin=160_000, images=160_000)),
        ),
        conditional=True,
        sampler=ODE(solver="midpoint", steps=5, guidance=1.25),
        metrics=(
            FID(features="mnist"),
            PRDC(features="mnist"),
            LabelFidelity(features="mnist"),
            Variety(features="mnist"),
        ),
    )


@recipe(
    "flow-cifar10",
    source="Lipman et al. 2022 (arXiv:2210.02747), the U-Net of DDPM (arXiv:2006.11239)",
    data="CIFAR-10",
    summary="conditional flow matching on CIFAR-10 with a U-Net of usual size",
    quirks=("pictures are mirrored at random (data.flip)",),
    tiny=TINY,
)
def flow_cifar10() -> Recipe:
    parent = flow_mnist()
    return replace(
        parent,
        data=Pictures(source="hf:uoft-cs/cifar10", expects=(32, 3), flip=True),
        generator=partial(UNet, width=128, multiples=(1, 2, 2, 2), blocks=2, attention=16, dropout=0.1),
        optimizers=Pair(partial(Adam, lr=2e-4)),
        training=Training(
            steps=400_000,
            batch_size=128,
            average=Average(halflife=500_000),
            learning_rates=Pair(Cosine(begin=400_000 * 64, images=400_000 * 64)),
            measure_images=1_280_000,
        ),
        sampler=ODE(solver="heun", steps=50),
        metrics=tuple(metric(features="cifar10") for metric in (FID, PRDC, NearestClass, Variety)),
    )


@recipe(
    "flow-folder",
    source="Lipman et al. 2022 (arXiv:2210.02747), the U-Net of DDPM (arXiv:2006.11239)",
    data="any pictures",
    summary="flow matching on any folder of pictures, with its classes if there are any",
    quirks=("conditional if the data has at least two classes (conditional: auto; true or false)",),
    tiny=TINY | {"data.max_size": "16"},
)
def flow_folder() -> Recipe:
    parent = flow_mnist()
    return replace(
        parent,
        data=Pictures(oversample=1.0),
        generator=partial(UNet, width=48, multiples=(1, 2, 2, 2), blocks=1, attention=8, head_channels=32),
        training=Training(
            steps=40_000,
            batch_size=32,
            average=Average(halflife=20_000),
            learning_rates=Pair(Cosine(begin=640_000, images=640_000)),
            measure_images=320_000,
        ),
        conditional="auto",
        sampler=ODE(solver="midpoint", steps=10),  # without guidance, which needs classes
        metrics=tuple(metric(features="cifar10") for metric in (FID, PRDC, LabelFidelity, NearestClass, Variety)),
    )
