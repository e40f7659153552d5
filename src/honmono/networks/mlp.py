"""Fully connected players, for points in the plane and small pictures (Goodfellow et al., 2014, arXiv:1406.2661)."""

import math
from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor, nn

from honmono.networks.outputs import bounded, with_label


Activation = Literal["relu", "leaky_relu"]


def _layers(widths: tuple[int, ...], activation: Activation, batch_norm: bool) -> nn.Sequential:
    """Linear, batch norm where asked (its offset replaces the bias), activation, from each width to the next."""
    layers: list[nn.Module] = []
    for before, after in zip(widths, widths[1:], strict=False):
        layers.append(nn.Linear(before, after, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm1d(after))
        layers.append(nn.ReLU() if activation == "relu" else nn.LeakyReLU(0.2))
    return nn.Sequential(*layers)


class MLPGenerator(nn.Module):
    """Latents, with one-hot labels behind them, through hidden layers of `widths` to samples of any shape."""

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
    ) -> None:
        super().__init__()
        self.sample_shape = tuple(sample_shape)
        self.num_classes = num_classes
        self.output: Literal["tanh", "linear"] = output
        sizes = (latent_dim + num_classes, *widths)
        self.hidden = _layers(sizes, activation, batch_norm)
        self.last = nn.Linear(sizes[-1], math.prod(sample_shape))

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch *sample_shape"]:
        sample = self.last(self.hidden(with_label(latent, label, self.num_classes)))
        return bounded(sample, self.output).unflatten(1, self.sample_shape)


class MLPDiscriminator(nn.Module):
    """Flattened samples, with one-hot labels behind them, through hidden layers of `widths` to one score each."""

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        widths: tuple[int, ...] = (1024, 512),
        activation: Activation = "leaky_relu",
        output: Literal["linear", "sigmoid"] = "linear",
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.output: Literal["linear", "sigmoid"] = output
        sizes = (math.prod(sample_shape) + num_classes, *widths)
        self.hidden = _layers(sizes, activation, batch_norm=False)
        self.last = nn.Linear(sizes[-1], 1)

    def forward(
        self, sample: Float[Tensor, "batch *sample_shape"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        score = self.last(self.hidden(with_label(sample.flatten(1), label, self.num_classes)))
        return bounded(score.squeeze(1), self.output)
