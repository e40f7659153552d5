"""What the articles' steps, written out in these tests, share: how a recipe trains, what it draws, TensorFlow's layers.

Each test trains a recipe in float64 from random weights, then does the article's own loop on the same weights. The
article's loop makes its own draws, from the recipe's named streams, in the article's order; every draw is compared with
the one that the trainer made at that place, and at the end none may be left over.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from honmono.randomness import stream
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe


PLAYERS = ("generator", "discriminator")
TOLERANCE = 1e-9  # relative to a loss, or to the largest number of a tensor


class Trained:
    """A recipe after some steps in float64: the weights that it began with, its losses, draws and weights now.

    start and now: of each player, its parameters and then its batch norms' means and variances, as torch lists them.
    """

    def __init__(self, recipe: Recipe, steps: int, build: Callable[..., Any], observed: Callable[..., Any]) -> None:
        self.recipe = recipe
        watched, seen = observed(recipe)
        self.trainer = build(watched, precision="fp64")
        for number, player in enumerate(PLAYERS):
            set_weights(self.trainer.networks[player], torch.Generator().manual_seed(number))
        self.start = {player: [one.clone() for one in self._tensors(player)] for player in PLAYERS}
        self.losses: dict[str, list[float]] = {player: [] for player in PLAYERS}
        for _ in range(steps):
            logged = self.trainer.step()
            for player in PLAYERS:
                self.losses[player].append(sum(float(loss) for name, loss in logged.items() if player in name))
        self.now = {player: self._tensors(player) for player in PLAYERS}
        self.drawn = list(_in_order(seen))

    def _tensors(self, player: str) -> list[Tensor]:
        network = self.trainer.networks[player]
        statistics = [one for name, one in network.named_buffers() if "running" in name]
        return [parameter.detach() for parameter in network.parameters()] + statistics


def _in_order(seen: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, Tensor]]:
    """Each real batch, label and latent where it was used first; what is used again is no draw."""
    known = set[int]()
    for _, step in seen:
        given = (("real", step.batch.real), ("label", step.batch.label))
        for kind, tensor in (*given, ("latent", step.draws.latent), ("fake label", step.draws.label)):
            if tensor is not None and id(tensor) not in known:
                known.add(id(tensor))
                yield kind, tensor


@torch.no_grad()
def set_weights(network: nn.Module, random: torch.Generator) -> None:
    """All random, biases and batch norms too, so that none of them is 0 or 1 by chance."""
    for part in network.modules():
        for name, parameter in part.named_parameters(recurse=False):
            noise = torch.randn(parameter.shape, generator=random, dtype=torch.float64)
            if parameter.dim() > 1:
                parameter.copy_(noise / math.sqrt(parameter[0].numel()))
            else:
                parameter.copy_(0.1 * noise + (name == "weight"))


class Draws:
    """An article's random numbers, in the order in which it takes them, each compared with the trainer's."""

    def __init__(self, trained: Trained) -> None:
        self._seed = trained.recipe.training.seed
        self._left = list(trained.drawn)
        self._step, self._number, self._images = 0, 0, 0

    def next_step(self) -> None:
        self._step += 1
        self._number = 0

    def permutation(self, epoch: int, length: int) -> np.ndarray:
        return stream(self._seed, "order", epoch).permutation(length)

    def with_replacement(self, high: int, size: int) -> np.ndarray:
        return stream(self._seed, "order", self._images).integers(high, size=size)

    def mirrored(self, size: int) -> np.ndarray:
        return stream(self._seed, "augment", self._images).random(size) < 0.5

    def real(self, real: Tensor, label: Tensor | None = None) -> Tensor:
        """A batch (batch, channels, height, width), or of points, that the article takes now, with its labels."""
        self._images += len(real)
        self._compare("real", real)
        if label is not None:
            self._compare("label", label)
        return real

    def uniform(self, *shape: int) -> Tensor:
        return self._latent(self._stream().uniform(-1, 1, shape).astype(np.float32))

    def normal(self, *shape: int) -> Tensor:
        return self._latent(self._stream().standard_normal(shape, dtype=np.float32))

    def end(self) -> None:
        assert [kind for kind, _ in self._left] == [], "the trainer drew more than the article"

    def _stream(self) -> np.random.Generator:
        self._number += 1
        return stream(self._seed, "draws", self._step, self._number - 1)

    def _latent(self, drawn: np.ndarray) -> Tensor:
        latent = torch.from_numpy(drawn).double()
        self._compare("latent", latent)
        return latent

    def _compare(self, kind: str, drawn: Tensor) -> None:
        assert self._left, f"the article draws a {kind}, and the trainer drew no more"
        theirs, tensor = self._left.pop(0)
        assert theirs == kind, f"the article draws a {kind}, the trainer a {theirs}"
        torch.testing.assert_close(tensor, drawn, rtol=0, atol=1e-15)


def differences(names: Sequence[str], literal: Sequence[Tensor], ours: Sequence[Tensor]) -> dict[str, float]:
    """By name, the largest difference between two tensors over the largest number, where it is above the tolerance."""
    pairs = [(name, one.detach(), other) for name, one, other in zip(names, literal, ours, strict=True)]
    found = {name: float((one - other).abs().max() / one.abs().max()) for name, one, other in pairs}
    return {name: value for name, value in found.items() if not value <= TOLERANCE}


class TensorFlow:
    """Operations of TensorFlow 1, by their names there, on (batch, height, width, channels)."""

    @staticmethod
    def conv2d(value: Tensor, kernel: Tensor, stride: int, padding: str) -> Tensor:
        """kernel: (height, width, inputs, outputs). SAME makes ceil(size / stride) outputs."""
        side, reach = value.shape[1], kernel.shape[0]
        if padding == "SAME":
            outputs = math.ceil(side / stride)
            total = max((outputs - 1) * stride + reach - side, 0)
            value = nn.functional.pad(value, (0, 0, *(total // 2, total - total // 2) * 2))
        else:
            outputs = math.ceil((side - reach + 1) / stride)
        made = torch.zeros(())
        for row in range(reach):
            for column in range(reach):
                seen = value[:, row : row + stride * outputs : stride, column : column + stride * outputs : stride]
                made = made + seen[:, :outputs, :outputs] @ kernel[row, column]
        return made

    @staticmethod
    def conv2d_transpose(value: Tensor, kernel: Tensor, side: int, stride: int) -> Tensor:
        """The gradient of a SAME convolution from `side` pixels; kernel: (height, width, outputs, inputs)."""
        inputs, reach = value.shape[1], kernel.shape[0]
        total = max((inputs - 1) * stride + reach - side, 0)
        made = value.new_zeros(len(value), side + total, side + total, kernel.shape[2])
        for row in range(reach):
            for column in range(reach):
                last = stride * (inputs - 1) + 1
                made[:, row : row + last : stride, column : column + last : stride] += value @ kernel[row, column].T
        before = total // 2
        return made[:, before : before + side, before : before + side]

    @staticmethod
    def moments(value: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance, divided by the number, of every channel."""
        mean = value.mean((0, 1, 2))
        return mean, ((value - mean) ** 2).mean((0, 1, 2))

    @staticmethod
    def batch_normalization(
        value: Tensor, mean: Tensor, variance: Tensor, offset: Tensor, scale: Tensor, epsilon: float
    ) -> Tensor:
        return (value - mean) / (variance + epsilon).sqrt() * scale + offset

    @staticmethod
    def sigmoid_cross_entropy_with_logits(logits: Tensor, labels: Tensor) -> Tensor:
        return logits.clamp(min=0) - logits * labels + (1 + (-logits.abs()).exp()).log()


class Adam:
    """TensorFlow's and Keras's Adam: both correct the rate and add epsilon to the uncorrected root."""

    def __init__(self, variables: Sequence[Tensor], rate: float, beta1: float) -> None:
        self.variables, self.rate, self.beta1 = list(variables), rate, beta1
        self.moments = [(torch.zeros_like(one), torch.zeros_like(one)) for one in variables]
        self.iterations = 0

    def minimize(self, loss: Tensor, epsilon: float = 1e-8, factor: float = 1.0) -> float:
        """One update; factor: on the rate. Returns the loss before it."""
        beta1, beta2 = self.beta1, 0.999
        gradients = torch.autograd.grad(loss, self.variables)
        self.iterations += 1
        root = math.sqrt(1 - beta2**self.iterations)
        rate = self.rate * factor * root / (1 - beta1**self.iterations)
        with torch.no_grad():
            for variable, gradient, (m, v) in zip(self.variables, gradients, self.moments, strict=True):
                m.mul_(beta1).add_((1 - beta1) * gradient)
                v.mul_(beta2).add_((1 - beta2) * gradient**2)
                variable.sub_(rate * m / (v.sqrt() + epsilon))
        return float(loss.detach())


class Variables:
    """An article's variables by name, made of ours in the same order.

    layout: names, each with what turns our tensor into the article's.
    """

    def __init__(self, layout: dict[str, Callable[[Tensor], Tensor]], ours: Sequence[Tensor]) -> None:
        self.layout = layout
        pairs = zip(layout, self.converted(ours), strict=True)
        self.named = {name: tensor.clone().requires_grad_() for name, tensor in pairs}

    def __getitem__(self, name: str) -> Tensor:
        return self.named[name]

    def converted(self, ours: Sequence[Tensor]) -> list[Tensor]:
        return [convert(tensor) for convert, tensor in zip(self.layout.values(), ours, strict=True)]

    def differences(self, ours: Sequence[Tensor]) -> dict[str, float]:
        return differences(list(self.named), list(self.named.values()), self.converted(ours))


def as_it_is(tensor: Tensor) -> Tensor:
    return tensor


def kernel(tensor: Tensor) -> Tensor:
    """(outputs, inputs, height, width), or (inputs, outputs, ...) of a transposed one -> TensorFlow's, reversed."""
    return tensor.permute(2, 3, 1, 0)


def to_maps(channels: int) -> Callable[[Tensor], Tensor]:
    """A dense layer whose outputs become maps: (channels * side^2, inputs) -> (inputs, side^2 * channels); its bias."""

    def convert(tensor: Tensor) -> Tensor:
        return tensor.view(channels, -1, *tensor.shape[1:]).transpose(0, 1).flatten(0, 1).movedim(0, -1)

    return convert


def from_maps(channels: int) -> Callable[[Tensor], Tensor]:
    """A dense layer on flattened maps: (outputs, channels * side^2) -> (side^2 * channels, outputs)."""
    return lambda tensor: tensor.view(len(tensor), channels, -1).transpose(1, 2).flatten(1).T


@pytest.fixture
def trained(in_training: Callable[..., Any], observed: Callable[..., Any]) -> Callable[[Recipe, int], Trained]:
    return lambda recipe, steps: Trained(recipe, steps, in_training, observed)


@pytest.fixture(scope="session")
def article() -> Any:
    """The names of this file for tests, which cannot import them."""
    return SimpleNamespace(**globals())


@pytest.fixture(scope="session")
def pixels() -> Callable[..., np.ndarray]:
    """Pictures of noise, (number, size, size) or (number, size, size, 3), uint8."""
    return lambda *shape: np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)


@pytest.fixture
def recipe_on(tmp_path: Path) -> Callable[..., Recipe]:
    """A registered recipe at full width, in batches of `batch`, on given pictures of ten classes in turn."""

    def make(name: str, pictures: np.ndarray, batch: int, **changes: str) -> Recipe:
        path = tmp_path / "pictures.npz"
        np.savez(path, images=pictures, labels=np.arange(len(pictures)) % 10)
        asked = {field.replace("__", "."): text for field, text in changes.items()}
        fixed = {"data.source": str(path), "training.batch_size": str(batch), "metrics": "()"}
        return override(find(name).make(), fixed | asked)

    return make


@pytest.fixture
def assert_agrees() -> Callable[[Trained, dict[str, list[float]]], None]:
    """Compares losses of every step: the trainer's and the article's."""

    def check(trained: Trained, losses: dict[str, list[float]]) -> None:
        for player in PLAYERS:
            assert trained.losses[player] == pytest.approx(losses[player], rel=TOLERANCE, abs=1e-12), player

    return check
