"""How samples come from a network: directly, by an ODE, or by steps that remove noise.

A sampler is a value. A sample is a function of its draws: the latent that it begins with and, where steps add noise,
what `draw` gives for each.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal, final

import numpy as np
import torch
from torch import Tensor

from honmono.errors import Refused
from honmono.hooks import hook
from honmono.networks.conditioning import Field, TimedNetwork, guided
from honmono.objectives.base import DiffusionOutput, Prediction
from honmono.objectives.diffusion import noise_of_velocity, predicted_real, real_of_velocity
from honmono.objectives.noise_schedules import NoiseSchedule


Draw = Callable[[int], Tensor]  # N(0, 1) like the batch of samples, for the step of this number


@dataclass(frozen=True)
class Sampler(ABC):
    """A way from latents to samples. predicts: what its network returns."""

    predicts: ClassVar[Prediction]

    @property
    @abstractmethod
    def evaluations(self) -> int:
        """How often the network is evaluated for one sample."""

    @hook
    def noises(self) -> int:
        """How many steps add noise: `draw` is called for the steps 0, 1, ... of so many."""
        return 0


@final
@dataclass(frozen=True)
class Direct(Sampler):
    """The network's output itself, as of a GAN's generator."""

    predicts: ClassVar[Prediction] = "sample"

    @property
    def evaluations(self) -> int:
        return 1


@dataclass(frozen=True, kw_only=True)
class Stepwise(Sampler):
    """A way from noise to samples in steps.

    steps: how many times the sample is moved.
    guidance: 1: none; above, samples become more typical of their labels (`networks.conditioning.guided`).
    """

    steps: int = 50
    guidance: float = 1.0

    @abstractmethod
    def __call__(
        self,
        network: TimedNetwork,
        noise: Tensor,
        label: Tensor | None = None,
        *,
        schedule: NoiseSchedule | None = None,
        draw: Draw | None = None,
        returns: DiffusionOutput = "noise",
    ) -> Tensor:
        """The samples that noise (batch, *sample_shape), N(0, 1), and labels (batch,) lead to.

        schedule: of the diffusion that the network was trained on; None: of a flow.
        draw: needed where steps add noise.
        returns: what the network of a diffusion returns.
        """

    def per_step(self) -> int:
        """How many terms guidance has: so often the network is evaluated where the field is evaluated once."""
        return 1 if self.guidance in (0, 1) else 2

    def field(self, network: TimedNetwork, label: Tensor | None) -> Field:
        """What is followed: the network's own output, or the guided one."""
        if label is None and self.guidance != 1:
            raise Refused(
                f"guidance {self.guidance} needs labels, and these samples have none: give sampler.guidance=1"
            )
        return guided(network, label, self.guidance)


def _check(sampler: Stepwise) -> None:
    if sampler.steps < 1 or not 0 <= sampler.guidance < float("inf"):
        raise Refused(f"sampler: {sampler}: steps is at least 1, and guidance at least 0")


def euler(field: Field, x: Tensor, t: float, h: float) -> Tensor:
    """x_t+h = x_t + h v(x_t, t): of order 1."""
    return x + h * _at(field, x, t)


def midpoint(field: Field, x: Tensor, t: float, h: float) -> Tensor:
    """x_t+h = x_t + h v(x_t + h/2 v(x_t, t), t + h/2): of order 2 (Runge, 1895)."""
    return x + h * _at(field, euler(field, x, t, h / 2), t + h / 2)


def heun(field: Field, x: Tensor, t: float, h: float) -> Tensor:
    """x_t+h = x_t + h/2 (v(x_t, t) + v(x_t + h v(x_t, t), t + h)): of order 2 (Heun, 1900)."""
    first = _at(field, x, t)
    return x + h / 2 * (first + _at(field, x + h * first, t + h))


def _at(field: Field, x: Tensor, t: float) -> Tensor:
    return field(x, torch.full((x.shape[0],), t, dtype=x.dtype, device=x.device))


SOLVERS = {"euler": (euler, 1), "midpoint": (midpoint, 2), "heun": (heun, 2)}  # and evaluations of the field in a step


@final
@dataclass(frozen=True, kw_only=True)
class ODE(Stepwise):
    """dx/dt = v(x, t) from noise at t = 0 to samples at t = 1, in equal steps: how samples come from a flow.

    solver: "euler", "midpoint" or "heun"; the last two evaluate the field twice in a step, and as steps double their
        errors fall to a quarter, Euler's to a half.
    """

    predicts: ClassVar[Prediction] = "velocity"
    solver: Literal["euler", "midpoint", "heun"] = "midpoint"

    def __post_init__(self) -> None:
        _check(self)

    @property
    def evaluations(self) -> int:
        return self.steps * SOLVERS[self.solver][1] * self.per_step()

    def __call__(
        self,
        network: TimedNetwork,
        noise: Tensor,
        label: Tensor | None = None,
        *,
        schedule: NoiseSchedule | None = None,
        draw: Draw | None = None,
        returns: DiffusionOutput = "noise",
    ) -> Tensor:
        if schedule is not None:
            raise Refused("sampler: an ODE follows a flow, and this network was trained as a diffusion: use DDIM")
        move, _ = SOLVERS[self.solver]
        field, x = self.field(network, label), noise
        for step in range(self.steps):
            x = move(field, x, step / self.steps, 1 / self.steps)
        return x


@final
@dataclass(frozen=True, kw_only=True)
class DDIM(Stepwise):
    """Steps from noise to samples that each predict the sample, and go back to the noise of an earlier step.

    eta: how much of the noise of a step is new: 0 none, so that the first noise alone decides the sample; 1, with as
        many steps as the schedule has, is DDPM's ancestral sampling, with the posterior's variance.
    clip: predicted samples are cut to -clip ... clip, and the noise made to fit; None: not. 1 for pictures.
    The steps kept are spread evenly and begin at the noisiest one (Lin et al., 2023, arXiv:2305.08891, section 3.3).
    Source: Song et al., DDIM (2020), arXiv:2010.02502, equations 12 and 16.
    """

    predicts: ClassVar[Prediction] = "noise"
    eta: float = 0.0
    clip: float | None = 1.0

    def __post_init__(self) -> None:
        _check(self)
        if not 0 <= self.eta <= 1 or (self.clip is not None and not self.clip > 0):
            raise Refused(f"sampler: {self}: eta is from 0 to 1, and clip above 0 or none")

    @property
    def evaluations(self) -> int:
        return self.steps * self.per_step()

    def noises(self) -> int:
        return self.steps - 1 if self.eta > 0 else 0  # the last step goes to the sample itself

    def __call__(
        self,
        network: TimedNetwork,
        noise: Tensor,
        label: Tensor | None = None,
        *,
        schedule: NoiseSchedule | None = None,
        draw: Draw | None = None,
        returns: DiffusionOutput = "noise",
    ) -> Tensor:
        if schedule is None:
            raise Refused("sampler: DDIM removes a diffusion's noise, and this network was trained as a flow: use ODE")
        field, x = self.field(network, label), noise
        for number, (step, now, then) in enumerate(self.way(schedule)):
            output = _at(field, x, step / schedule.steps)
            if returns == "velocity":
                # Not by the noise alone: at the noisiest step float32 would lose the sample in it.
                eps, real = noise_of_velocity(x, output, now), real_of_velocity(x, output, now)
            else:
                eps, real = output, predicted_real(x, output, now)
            x, std = self.move(x, eps, real, now, then)
            if std > 0:
                assert draw is not None, "steps with eta above 0 add noise, which is drawn outside"
                x = x + std * draw(number)
        return x

    def way(self, schedule: NoiseSchedule) -> Iterator[tuple[int, float, float]]:
        """Each step of the schedule that is kept, noisiest first; alpha_bar there, and at the next one (at last 1)."""
        if self.steps > schedule.steps:
            raise Refused(f"sampler.steps is {self.steps}; the diffusion has {schedule.steps}: give at most these")
        kept = np.round(schedule.steps * np.arange(self.steps, 0, -1) / self.steps).astype(int) - 1
        levels = schedule.alpha_bars()[kept].tolist()
        yield from zip(kept.tolist(), levels, [*levels[1:], 1.0], strict=True)

    def move(self, x: Tensor, eps: Tensor, real: Tensor, now: float, then: float) -> tuple[Tensor, float]:
        """From alpha_bar `now` to `then`: the mean of where x goes, and the standard deviation of the noise to add.

        eps, real: the noise and the sample that are predicted in x.
        """
        if self.clip is not None:
            real = real.clamp(-self.clip, self.clip)
            eps = (x - now**0.5 * real) / (1 - now) ** 0.5
        variance = self.eta**2 * (1 - then) / (1 - now) * (1 - now / then)
        return then**0.5 * real + max(1 - then - variance, 0.0) ** 0.5 * eps, variance**0.5


OPTIONS = {"steps": "--sampler-steps", "solver": "--solver", "guidance": "--guidance"}  # fields that commands change
LEAST = {"steps": 1, "guidance": 0}


def changed(sampler: Sampler, **values: Any) -> Sampler:
    """The sampler with other values of the fields named in `OPTIONS`; None leaves one as it is.

    Raises `Refused` for a field that this sampler has not, and for values that none takes.
    """
    given = {name: value for name, value in values.items() if value is not None}
    known = [name for name in OPTIONS if name in {field.name for field in fields(sampler)}]
    for name in given:
        if name not in known:
            has = f"its sampler takes {' and '.join(OPTIONS[one] for one in known)}" if known else "it samples directly"
            raise Refused(f"{OPTIONS[name]}: not for this run, since {has}: omit it")
    for name, least in LEAST.items():
        if not least <= given.get(name, least) < float("inf"):
            raise Refused(f"{OPTIONS[name]} {given[name]}: give a number from {least} on")
    if "solver" in given and given["solver"] not in SOLVERS:
        raise Refused(f"--solver {given['solver']}: give one of {', '.join(SOLVERS)}")
    return replace(sampler, **given)
