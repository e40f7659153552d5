"""Penalties added to the losses of scores, and the input gradient that several of them use."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from honmono.errors import Refused, did_you_mean
from honmono.hooks import hook
from honmono.objectives.adaptive_factor import AdaptiveFactor
from honmono.objectives.base import Step
from honmono.schedules import Constant, Schedule


@dataclass(frozen=True, kw_only=True)
class Penalty(ABC):
    """A term that is added to the discriminator's loss, and maybe one that is added to the generator's.

    schedule: a factor on both, by images seen, which the objective applies.
    adapt: another one on the discriminator's, by its own value; None: none.
    """

    name: ClassVar[str]  # its value is logged under this name
    num_uniform: ClassVar[int] = 0  # how many random numbers it needs for each sample, in `Draws.uniform`
    of_labels: ClassVar[bool] = False  # whether it is skipped where samples have no labels
    # What it is computed from besides the step; the others are not computed for an update of this term alone.
    uses: ClassVar[tuple[Literal["fake", "real_score"], ...]] = ("fake", "real_score")

    schedule: Schedule = Constant()
    adapt: AdaptiveFactor | None = None

    @abstractmethod
    def value(self, step: Step, fake: Tensor, real_score: Tensor) -> Tensor:
        """The penalty, a scalar.

        fake: this update's fakes, detached, (batch, *sample_shape); empty if not used.
        real_score: the discriminator's scores of the real batch, (batch,); empty if not used.
        """

    @hook
    def generator_value(self, step: Step, fake: Tensor, fake_score: Tensor) -> Tensor | None:
        """What it adds to the generator's loss, a scalar; None: nothing.

        fake, fake_score: this update's fakes as the discriminator gets them, and its scores of them, (batch,).
        """
        return None

    @hook
    def resolve_auto(self, length: int | None, sizes: Sequence[int]) -> Self:
        """The same with "auto" replaced, as `DiffAugment.resolve_auto`."""
        return self


def input_gradient(
    score: Callable[[Tensor], Tensor], sample: Float[Tensor, "batch *sample_shape"]
) -> Float[Tensor, "batch *sample_shape"]:
    """d score_i / d sample_i for each sample i, where each score depends on its own sample only.

    Uses `torch.func.grad`, which `torch.compile` can differentiate again, unlike `torch.autograd.grad`.
    """
    return torch.func.grad(lambda x: score(x).sum())(sample)


def refuse_batch_norm(discriminator: nn.Module, penalty: str) -> None:
    """Raises `Refused` for a discriminator with batch norm, which couples samples, so no per-sample gradient exists."""
    if any(isinstance(part, _BatchNorm) and part.training for part in discriminator.modules()):
        raise Refused(
            f"objective.penalties: {penalty} needs per-sample gradients, and the discriminator has batch norm: take"
            " one without, or remove the penalty"
        )


@dataclass(frozen=True)
class ZeroCentred(Penalty):
    """gamma / 2 * E ||grad_x D(x)||^2 over real or over fake samples (Mescheder et al., 2018, arXiv:1801.04406).

    every: the mean is estimated from every `every`-th sample only, which makes it that much cheaper.
    """

    gamma: float = 10.0
    every: int = 1

    def __post_init__(self) -> None:
        if self.gamma < 0 or self.every < 1:
            raise Refused(f"objective.penalties: {self}: give gamma of at least 0, and every of at least 1")

    @abstractmethod
    def samples(self, step: Step, fake: Tensor) -> tuple[Tensor, Tensor | None]:
        """The samples whose gradients are penalised, and their labels."""

    def value(self, step: Step, fake: Tensor, real_score: Tensor) -> Tensor:
        discriminator = step.players.discriminator
        refuse_batch_norm(discriminator.module, type(self).__name__)
        sample, label = self.samples(step, fake)
        label = None if label is None else label[:: self.every]
        gradient = input_gradient(lambda x: discriminator(x, label), sample[:: self.every])
        return self.gamma / 2 * gradient.flatten(1).square().sum(1).mean()


@final
@dataclass(frozen=True)
class R1(ZeroCentred):
    """Over real samples (equation 9)."""

    name: ClassVar[str] = "r1"
    uses: ClassVar = ()

    def samples(self, step: Step, fake: Tensor) -> tuple[Tensor, Tensor | None]:
        return step.batch


@final
@dataclass(frozen=True)
class R2(ZeroCentred):
    """Over fake samples (equation 10)."""

    name: ClassVar[str] = "r2"
    uses: ClassVar = ("fake",)

    def samples(self, step: Step, fake: Tensor) -> tuple[Tensor, Tensor | None]:
        return fake, step.draws.label


@dataclass(frozen=True)
class WeightDecay(Penalty):
    """strength * sum(w^2) / 2 over the weights of the discriminator's named layers, as TensorFlow's `l2_loss`.

    The defaults are those of dcgan-mnist-article, which has none on its first layer and on biases.
    """

    weights: tuple[str, ...] = ("conv2", "conv3")
    strength: float = 0.001
    name: ClassVar[str] = "decay"
    uses: ClassVar = ()

    def value(self, step: Step, fake: Tensor, real_score: Tensor) -> Tensor:
        squares = [_weight(step.players.discriminator.module, layer).square().sum() for layer in self.weights]
        return self.strength / 2 * torch.stack(squares).sum()


def _weight(module: nn.Module, name: str) -> Tensor:
    layers = {layer: part for layer, part in module.named_modules() if hasattr(part, "weight")}
    if name not in layers:
        raise Refused(
            f"objective.penalties: WeightDecay: the discriminator has no layer '{name}' with"
            f" weights{did_you_mean(name, layers)}"
        )
    weight = layers[name].weight
    assert isinstance(weight, Tensor)
    return weight
