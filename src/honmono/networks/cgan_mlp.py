"""The fully connected players of the conditional GAN's paper (Mirza & Osindero, 2014, arXiv:1411.1784, section 4.1).

Latent (or picture) and label each have a layer of their own before a joint one. Widths are from memory of the paper.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from honmono.errors import Refused
from honmono.networks.maxout import Maxout
from honmono.networks.outputs import bounded


def _refuse_without_classes(num_classes: int) -> None:
    if num_classes == 0:
        raise Refused("the conditional GAN's paper has a layer for labels, and there are none: set conditional=true")


class ConditionalMLPGenerator(nn.Module):
    """Latent -> `latent_width`, label -> `label_width`, both -> `joint_width` -> the sample, sigmoid; ReLU between.

    dropout: the share of hidden units left out in training, none in samples.
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
