"""Conditional GANs (Mirza & Osindero, 2014, arXiv:1411.1784): both networks get the class label.

Details that the articles do not state are from the author's public code. The paper's networks are fully connected
(section 4.1): the latent (or picture) and the label each have a layer of their own before a joint one. The widths are
quoted from memory of the paper.
"""

import math
from dataclasses import replace
from functools import partial
from math import log

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD

from honmono.data.pictures import Pictures
from honmono.errors import Refused
from honmono.metrics.fid import FID
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.variety import Variety
from honmono.networks.dcgan_same import SameDCGANDiscriminator, SameDCGANGenerator
from honmono.networks.maxout import Maxout
from honmono.networks.outputs import bounded
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1
from honmono.recipe import (
    Cosine,
    Geometric,
    Pair,
    Recipe,
    SampleGrid,
    TensorFlowAdam,
    Training,
    Uniform,
    Update,
    recipe,
)
from honmono.recipes.dcgan import dcgan_mnist


def _refuse_without_classes(num_classes: int) -> None:
    if num_classes == 0:
        raise Refused("the conditional GAN of the paper needs labels: use --set conditional=true and data with classes")


class ConditionalMLPGenerator(nn.Module):
    """Latent -> `latent_width`, label -> `label_width`, both -> `joint_width` -> the sample, sigmoid; ReLU between.

    dropout: the fraction of hidden units dropped in training; none when sampling.
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        latent_width: int = 200,
        label_width: int = 1000,
        joint_width: int = 1200,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        _refuse_without_classes(num_classes)
        self.num_classes, self.sample_shape = num_classes, tuple(sample_shape)
        self.latent = nn.Linear(latent_dim, latent_width)
        self.label = nn.Linear(num_classes, label_width)
        self.joint = nn.Linear(latent_width + label_width, joint_width)
        self.last = nn.Linear(joint_width, math.prod(sample_shape))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch *sample_shape"]:
        assert label is not None, "a conditional generator needs labels"
        one_hot = functional.one_hot(label, self.num_classes).to(latent.dtype)
        both = torch.cat([self.latent(latent), self.label(one_hot)], dim=1)
        joint = self.joint(self.dropout(both.relu()))
        return bounded(self.last(self.dropout(joint.relu())), "sigmoid").unflatten(1, self.sample_shape)


class ConditionalMaxoutDiscriminator(nn.Module):
    """Sample and label, each through a maxout layer, both through a joint one -> one logit.

    sample, label, joint: (units, pieces) of each layer. dropout: as in the generator.
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        sample: tuple[int, int] = (240, 5),
        label: tuple[int, int] = (50, 5),
        joint: tuple[int, int] = (240, 4),
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        _refuse_without_classes(num_classes)
        self.num_classes = num_classes
        self.sample = Maxout(math.prod(sample_shape), *sample)
        self.label = Maxout(num_classes, *label)
        self.joint = Maxout(sample[0] + label[0], *joint)
        self.last = nn.Linear(joint[0], 1)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, sample: Float[Tensor, "batch *sample_shape"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        assert label is not None, "a conditional discriminator needs labels"
        one_hot = functional.one_hot(label, self.num_classes).to(sample.dtype)
        both = torch.cat([self.sample(sample.flatten(1)), self.label(one_hot)], dim=1)
        return self.last(self.dropout(self.joint(self.dropout(both)))).squeeze(1)


ARTICLE_GENERATOR = partial(SameDCGANGenerator, project_batch_norm=False, xavier=True, running_variance="biased")
ARTICLE_DISCRIMINATOR = partial(
    SameDCGANDiscriminator, first_batch_norm=True, slope=0.1, xavier=True, running_variance="biased"
)


@recipe(
    "cgan-mnist-article",
    source="Neural Pocket, 'Conditional GAN in TensorFlow' (Qiita, in Japanese), and ysasaki6023/conditionalGAN v1.0",
    data="MNIST",
    summary="conditional DCGAN on MNIST as the article did it: label maps into D, two updates of G for one of D",
    quirks=(
        "G, G, D on one z and the real batch's labels; D never sees a real with a wrong label (updates, fake_labels)",
        "grey pictures as three equal channels, 13 with the label maps (data.channels; 1: one grey channel)",
        "the first 54,999 pictures, since randint excludes the last of 55,000 (data.limit; none: all 60,000); in"
        " TensorFlow's split, which keeps 5,000 for validation, they are the last of the file",
        "batches are drawn with replacement (data.order; shuffled)",
        "G's tanh covers -1 to 1, but pictures are -0.5 to 0.5; values beyond are clipped when saved (data.range)",
        "saved pictures are x * 255 + 128, half a level above (x + 0.5) * 255 (grids.*.offset; 0: as stored); there"
        " real pictures too",
        "batch norm on D's first layer (discriminator.first_batch_norm), real and fake in separate batches"
        " (objective.together)",
        "no batch norm on G's projection (generator.project_batch_norm)",
        "weights are initialised Xavier-uniform (generator.xavier, discriminator.xavier; false: N(0, 0.02))",
        "LeakyReLU's slope is 0.1 (discriminator.slope)",
        "TensorFlow's SAME padding, with an odd pixel at the end (discriminator.padding)",
        "Adam adds eps to the uncorrected root, as TensorFlow 1 does (optimizers.*: TensorFlowAdam; Adam: torch's)",
        "moving variances are of variances divided by n, as TensorFlow's (*.running_variance; unbiased: torch's), and"
        " D's move in G's updates too (discriminator_statistics; own)",
        "trained without an end; the article shows steps 2,000 and 2,100, each after one more step and with new"
        " latents: here after exactly so many, with the same latents (training.steps, grids)",
    ),
    tiny={"generator.width": "4", "discriminator.width": "4", "training.batch_size": "8", "metrics": "()"},
)
def cgan_mnist_article() -> Recipe:
    return Recipe(
        data=Pictures(
            source="hf:ylecun/mnist",
            size=28,
            channels=3,
            expects=(28, 1),
            range=(-0.5, 0.5),
            limit=54_999,
            order="replacement",
        ),
        latent=Uniform(100),
        generator=partial(ARTICLE_GENERATOR, levels=3),
        discriminator=partial(ARTICLE_DISCRIMINATOR, levels=3),
        objective=NonSaturating(),
        optimizers=Pair(partial(TensorFlowAdam, lr=2e-4, betas=(0.5, 0.999))),
        updates=(Update("generator", draws="z", real="x", count=2), Update("discriminator", draws="z", real="x")),
        training=Training(steps=2_100, sample_every=100, checkpoint_every=100, measure_images=128_000),
        conditional=True,
        fake_labels="real",
        discriminator_statistics="all",
        grids=(SampleGrid(columns=8, offset=0.5), SampleGrid(name="one-latent", latent="one", columns=8, offset=0.5)),
        metrics=(FID(features="mnist"), LabelFidelity(features="mnist"), Variety(features="mnist")),
    )


@recipe(
    "cgan-mnist-paper",
    source="Mirza & Osindero 2014, Conditional Generative Adversarial Nets (arXiv:1411.1784), section 4.1, from memory",
    data="MNIST",
    summary="conditional GAN on MNIST as its paper did it: fully connected, maxout in D, SGD with dropout",
    quirks=(
        "written from memory of the paper, whose text was not available: widths, rates and dropout may be wrong",
        "dropout of 0.5 on hidden layers in both players (generator.dropout, discriminator.dropout; 0: none)",
        "the learning rate is divided by 1.00004 in each step, from 0.1 to 1e-6 (training.learning_rates)",
        "the paper's momentum rises from 0.5 to 0.7; here it stays at 0.5 (optimizers.generator.momentum)",
        "latents are uniform in the unit hypercube (latent.low, latent.high)",
        "here each class collapsed to nearly one picture within 20 epochs (one seed): digits without variety",
        "inferred: one update of each player, torch's initial weights, and 100 epochs; the paper stopped by the"
        " likelihood of held-out pictures (updates, training.steps)",
    ),
    tiny={
        "generator.latent_width": "8",
        "generator.label_width": "8",
        "generator.joint_width": "16",
        "discriminator.sample": "(8, 2)",
        "discriminator.label": "(4, 2)",
        "discriminator.joint": "(8, 2)",
        "training.batch_size": "8",
        "metrics": "()",
    },
)
def cgan_mnist_paper() -> Recipe:
    batch, epoch = 100, 600
    steps_to_end = round(log(1e-6 / 0.1) / -log(1.00004))
    return Recipe(
        data=Pictures(source="hf:ylecun/mnist", size=28, channels=1, expects=(28, 1), range=(0.0, 1.0)),
        latent=Uniform(100, low=0.0, high=1.0),
        generator=partial(ConditionalMLPGenerator),
        discriminator=partial(ConditionalMaxoutDiscriminator),
        objective=NonSaturating(),
        optimizers=Pair(partial(SGD, lr=0.1, momentum=0.5)),
        training=Training(
            steps=100 * epoch,
            batch_size=batch,
            learning_rates=Pair(Geometric(end=1e-6 / 0.1, images=steps_to_end * batch)),
            sample_every=epoch,
            checkpoint_every=epoch,
            measure_images=10 * epoch * batch,
        ),
        conditional=True,
        grids=(SampleGrid(), SampleGrid(name="row-latents", latent="row")),
        metrics=(FID(features="mnist"), LabelFidelity(features="mnist"), Variety(features="mnist")),
    )


@recipe(
    "cgan-mnist",
    source="dcgan-mnist, on the task of cgan-mnist-article and with its number of pictures",
    data="MNIST",
    summary="the article's task with current methods: dcgan-mnist, adapted to a training of 128,000 pictures",
    tiny={
        "generator.width": "4",
        "discriminator.width": "4",
        "training.batch_size": "8",
        "training.learning_rates.generator.begin": "8",
        "training.learning_rates.generator.images": "16",
        "training.learning_rates.discriminator.begin": "8",
        "training.learning_rates.discriminator.images": "16",
        "metrics": "()",
    },
)
def cgan_mnist() -> Recipe:
    parent, images, batch = dcgan_mnist(), 128_000, 32
    return replace(
        parent,
        # With the penalty and batch size of dcgan-mnist fewer samples had the right label.
        objective=NonSaturating(penalties=(R1(0.1),)),
        # In a run this short, decreasing learning rates help most: they reduce the last errors.
        training=replace(
            parent.training,
            steps=images // batch,
            batch_size=batch,
            learning_rates=Pair(Cosine(end=0.05, begin=images // 2, images=images // 2)),
            sample_every=200,
            measure_images=images // 4,
        ),
        grids=(SampleGrid(), SampleGrid(name="row-latents", latent="row")),
    )


@recipe(
    "dcgan-faces-article",
    source="the appendix of Neural Pocket, 'Conditional GAN in TensorFlow', and ysasaki6023/faceGAN v1.0",
    data="any pictures of faces",
    summary="DCGAN of 108x108 faces as the article's appendix did it, on any folder (there: CelebA)",
    quirks=(
        "saved pictures use batch statistics in batch norm, as in training (sampling; running); there with the step's"
        " latents, here with the same ones each time (grids)",
        "the discriminator's convolutions are not padded, 108 -> 52 -> 24 -> 10 -> 3 (discriminator.padding; same)",
        "pictures are (x - 128) / 255, so from -0.502 to 0.498, and the generator ends in a tanh (data.range)",
        "its channels were in the order blue, green, red, which makes no difference: red, green, blue here",
        "pictures that are not square are cropped to their centre (data.fit)",
        "10 hours gave about 33,000 steps, 10.4 epochs of CelebA (training.steps)",
        "G, G, D on one z (updates), and batches drawn with replacement (data.order; shuffled)",
        "batch norm on D's first layer (discriminator.first_batch_norm), real and fake in separate batches"
        " (objective.together)",
        "no batch norm on G's projection (generator.project_batch_norm), LeakyReLU's slope 0.1 (discriminator.slope)",
        "initial weights, running statistics and Adam's eps are those of cgan-mnist-article (*.xavier,"
        " *.running_variance, discriminator_statistics, optimizers)",
        "resized with a Lanczos filter, there with OpenCV's bilinear one (Pillow's, data.resample, is further from it)",
    ),
    tiny={"generator.width": "4", "discriminator.width": "4", "training.batch_size": "4", "data.size": "64"},
)
def dcgan_faces_article() -> Recipe:
    parent = cgan_mnist_article()
    return replace(
        parent,
        data=Pictures(size=108, channels=3, range=(-128 / 255, 127 / 255), order="replacement"),
        generator=partial(ARTICLE_GENERATOR, levels=4),
        discriminator=partial(ARTICLE_DISCRIMINATOR, levels=4, padding="valid"),
        training=replace(parent.training, steps=33_000, measure_images=None),
        conditional=False,
        fake_labels="uniform",
        sampling="batch",
        grids=(SampleGrid(columns=8),),
        metrics=(),
    )
