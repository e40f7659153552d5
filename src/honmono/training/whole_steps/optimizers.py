"""Optimizers' formulas on single tensors, so that an optimizer's step can be a part of a compiled step.

They compute what torch's optimizers compute and keep the same state, so that either can go on where the other stopped.
What changes from step to step (rates, bias corrections) are inputs: `numbers`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, ClassVar, final

import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from honmono.recipe.adam import TensorFlowAdam
from honmono.training.whole_steps.uncapturable import Uncapturable


class Formula(ABC):
    """One optimizer's step of one parameter. options: those of its parameter group."""

    refused: ClassVar[Mapping[str, object]] = {}  # options that must have this value
    counts: ClassVar[bool] = True  # whether its state holds the number of steps

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    @abstractmethod
    def state(self) -> Sequence[str]:
        """The names of the tensors of a parameter's shape that it keeps; they start at zero."""

    @abstractmethod
    def numbers(self, rate: float, step: int) -> list[float]:
        """The inputs of the optimizer's step number `step`, counted from 1, at this learning rate."""

    @abstractmethod
    def apply(self, parameter: Tensor, gradient: Tensor, state: Sequence[Tensor], numbers: Sequence[Tensor]) -> None:
        """Changes a parameter and its state in place."""


@final
class AdamFormula(Formula):
    """Adam, AdamW and `TensorFlowAdam`."""

    refused: ClassVar = {"amsgrad": False, "maximize": False}

    def __init__(self, options: Mapping[str, Any], corrects_eps: bool) -> None:
        super().__init__(options)
        self._corrects_eps = corrects_eps

    def state(self) -> Sequence[str]:
        return ("exp_avg", "exp_avg_sq")

    def numbers(self, rate: float, step: int) -> list[float]:
        first, second = self.options["betas"]
        root = sqrt(1 - second**step)
        eps = self.options["eps"] / root if self._corrects_eps else self.options["eps"]
        return [rate / (1 - first**step), 1 / root, eps, 1 - rate * self.options["weight_decay"]]

    def apply(self, parameter: Tensor, gradient: Tensor, state: Sequence[Tensor], numbers: Sequence[Tensor]) -> None:
        (mean, square), (first, second) = state, self.options["betas"]
        size, correction, eps, kept = numbers
        if self.options["weight_decay"] and self.options["decoupled_weight_decay"]:
            parameter.mul_(kept)
        elif self.options["weight_decay"]:
            gradient = gradient + self.options["weight_decay"] * parameter
        mean.lerp_(gradient, 1 - first)
        square.mul_(second).add_((1 - second) * gradient.square())
        parameter.sub_(size * mean / (square.sqrt() * correction + eps))


@final
class RMSpropFormula(Formula):
    refused: ClassVar = {"maximize": False}

    def state(self) -> Sequence[str]:
        momentum = ("momentum_buffer",) if self.options["momentum"] else ()
        return ("square_avg", *momentum, *(("grad_avg",) if self.options["centered"] else ()))

    def numbers(self, rate: float, step: int) -> list[float]:
        return [rate]

    def apply(self, parameter: Tensor, gradient: Tensor, state: Sequence[Tensor], numbers: Sequence[Tensor]) -> None:
        named, alpha = dict(zip(self.state(), state, strict=True)), self.options["alpha"]
        if self.options["weight_decay"]:
            gradient = gradient + self.options["weight_decay"] * parameter
        variance = named["square_avg"].mul_(alpha).add_((1 - alpha) * gradient.square())
        if self.options["centered"]:
            variance = variance - named["grad_avg"].lerp_(gradient, 1 - alpha).square()
        change = gradient / (variance.sqrt() + self.options["eps"])
        if self.options["momentum"]:
            change = named["momentum_buffer"].mul_(self.options["momentum"]).add_(change)
        parameter.sub_(numbers[0] * change)


@final
class SGDFormula(Formula):
    refused: ClassVar = {"maximize": False, "dampening": 0}
    counts: ClassVar[bool] = False

    def state(self) -> Sequence[str]:
        return ("momentum_buffer",) if self.options["momentum"] else ()

    def numbers(self, rate: float, step: int) -> list[float]:
        return [rate]

    def apply(self, parameter: Tensor, gradient: Tensor, state: Sequence[Tensor], numbers: Sequence[Tensor]) -> None:
        if self.options["weight_decay"]:
            gradient = gradient + self.options["weight_decay"] * parameter
        if self.options["momentum"]:
            velocity = state[0].mul_(self.options["momentum"]).add_(gradient)
            gradient = gradient + self.options["momentum"] * velocity if self.options["nesterov"] else velocity
        parameter.sub_(numbers[0] * gradient)


def formula_of(optimizer: Optimizer) -> Formula:
    """The formula of an optimizer. Raises `Uncapturable` where there is none."""
    (options,), kind = optimizer.param_groups, type(optimizer)
    if kind in (Adam, AdamW, TensorFlowAdam):
        formula: Formula = AdamFormula(options, kind is TensorFlowAdam)
    elif kind is RMSprop:
        formula = RMSpropFormula(options)
    elif kind is SGD:
        formula = SGDFormula(options)
    else:
        raise Uncapturable(f"its optimizer {kind.__name__} is none of Adam, RMSprop and SGD")
    for name, value in formula.refused.items():
        if options[name] != value:
            raise Uncapturable(f"its optimizer {kind.__name__} has {name}={options[name]}")
    return formula


def state_of(optimizer: Optimizer, formula: Formula, parameter: Tensor) -> dict[str, Any]:
    """A parameter's state in its optimizer, made as the optimizer itself makes it where it has none yet."""
    state = optimizer.state[parameter]
    if formula.counts and "step" not in state:
        device = parameter.device if optimizer.param_groups[0].get("fused") else "cpu"
        state["step"] = torch.zeros((), dtype=torch.float32, device=device)
    for name in formula.state():
        if name not in state:
            state[name] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
    return state
