"""Fully connected generator and discriminator, for points in the plane and small pictures (Goodfellow et al., 2014,
arXiv:1406.2661)."""

import math
from functools import partial
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.networks.outputs import bounded, with_label


Activation = Literal["relu", "leaky_relu", "elu"]
ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": partial(nn.LeakyReLU, 0.2), "elu": nn.ELU}


def _layers(widths: tuple[int, ...], activation: Activation, batch_norm: bool) -> nn.Sequential:
    """Linear, optional batch norm (whose offset replaces the bias) and activation, from each width to the next."""
    layers: list[nn.Module] = []
    for before, after in zip(widths, widths[1:], strict=False):
        layers.append(nn.Linear(before, after, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm1d(after))
        layers.append(ACTIVATIONS[activation]())
    return nn.Sequential(*layers)


def initialise(module: nn.Module, std: float | None = None, xavier: bool = False) -> None:
    """N(0, std), or Xavier-uniform, for the weights of linear layers and 0 for their biases; without either,
    torch's."""
    if std is None and not xavier:
        return
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight) if std is None else nn.init.normal_(part.weight, std=std)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


class FourierFeatures(nn.Module):
    """x and sin(B x), cos(B x) with fixed B ~ N(0, scale^2): (batch, n) -> (batch, n + 2 count).

    They let fully connected layers learn sharp functions of low-dimensional inputs faster (Tancik et al., 2020,
    arXiv:2006.10739).
    """

    frequencies: Tensor

    def __init__(self, inputs: int, count: int, scale: float) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.randn(inputs, count) * scale)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        angle = x @ self.frequencies
        return torch.cat([x, angle.sin(), angle.cos()], dim=1)


class MLPGenerator(nn.Module):
    """Latents, with one-hot labels concatenated, through hidden layers of `widths` to samples of any shape.

    weight_std: weights are initialised at N(0, weight_std) and biases at 0; None: torch's initialisation.
    xavier: Xavier-uniform weights and zero biases instead, as Keras initialises them.
    fourier: the number of random frequencies whose `FourierFeatures` are added to the latents; 0: none.
    fourier_scale: their standard deviation, in radians per unit of a latent.
    skip: the sample is the latent plus what the layers make of it (He et al., 2015, arXiv:1512.03385), so that it
        begins near the latent; only for latents of as many numbers as a sample, with a linear output.
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        widths: tuple[int, ...] = (256, 512, 1024),
        activation: Activation = "relu",
        batch_norm: bool = False,
        output: Literal["tanh", "linear"] = "tanh",
        weight_std: float | None = None,
        xavier: bool = False,
        fourier: int = 0,
        fourier_scale: float = 1.0,
        skip: bool = False,
    ) -> None:
        super().__init__()
        if skip and (latent_dim != math.prod(sample_shape) or output != "linear"):
            raise Refused(
                f"generator.skip adds latents of {latent_dim} numbers to samples of {math.prod(sample_shape)}, with"
                f" output={output}: give as many numbers and output=linear, or generator.skip=false"
            )
        self.sample_shape = tuple(sample_shape)
        self.skip = skip
        self.num_classes = num_classes
        self.output: Literal["tanh", "linear"] = output
        self.seen = FourierFeatures(latent_dim, fourier, fourier_scale) if fourier else nn.Identity()
        sizes = (latent_dim + 2 * fourier + num_classes, *widths)
        self.hidden = _layers(sizes, activation, batch_norm)
        self.last = nn.Linear(sizes[-1], math.prod(sample_shape))
        initialise(self, weight_std, xavier)

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch *sample_shape"]:
        sample = self.last(self.hidden(with_label(self.seen(latent), label, self.num_classes)))
        sample = sample + latent if self.skip else sample
        return bounded(sample, self.output).unflatten(1, self.sample_shape)


class MLPDiscriminator(nn.Module):
    """Flattened samples, with one-hot labels concatenated, through hidden layers of `widths` to one score each.

    fourier: the number of random frequencies whose `FourierFeatures` are added to the input; 0: none.
    fourier_scale: their standard deviation, in radians per unit of a sample.
    xavier: as in the generator.
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        widths: tuple[int, ...] = (1024, 512),
        activation: Activation = "leaky_relu",
        output: Literal["linear", "sigmoid"] = "linear",
        fourier: int = 0,
        fourier_scale: float = 1.0,
        xavier: bool = False,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.output: Literal["linear", "sigmoid"] = output
        inputs = math.prod(sample_shape)
        self.seen = FourierFeatures(inputs, fourier, fourier_scale) if fourier else nn.Identity()
        sizes = (inputs + 2 * fourier + num_classes, *widths)
        self.hidden = _layers(sizes, activation, batch_norm=False)
        self.last = nn.Linear(sizes[-1], 1)
        initialise(self, xavier=xavier)

    def forward(
        self, sample: Float[Tensor, "batch *sample_shape"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        score = self.last(self.hidden(with_label(self.seen(sample.flatten(1)), label, self.num_classes)))
        return bounded(score.squeeze(1), self.output)
