"""The contract between an objective and the trainer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
from torch import Tensor, nn

from honmono.data.base import Batch
from honmono.hooks import hook
from honmono.schedules import Schedule


class Player(Protocol):
    """A network as an objective sees it: callable, in the trainer's precision, returning full-precision outputs."""

    @property
    def module(self) -> nn.Module: ...

    def __call__(self, sample: Tensor, label: Tensor | None = None) -> Tensor: ...


class Players(NamedTuple):
    generator: Player
    discriminator: Player


class Draws(NamedTuple):
    """Random inputs of an update: the fakes' latents (batch, latent) and, for conditional GANs, labels (batch,).

    factors: by name, the present values of `Objective.schedules` that change, and what `Objective.draw` drew.
    uniform: (batch, num_uniform), U(0, 1); None where the objective wants none.
    classes: how many classes the data has; 0 where the recipe takes no labels.
    """

    latent: Tensor
    label: Tensor | None
    factors: Mapping[str, Tensor] = MappingProxyType({})
    uniform: Tensor | None = None
    classes: int = 0


class Step(NamedTuple):
    """What one player's loss is computed from, in one update: the players, its real batch, its random inputs.

    made: fakes that an earlier update has already made on these latents and labels; None: none. An objective that
        changes them takes `with_draws`.
    """

    players: Players
    batch: Batch
    draws: Draws
    made: Tensor | None = None

    def fakes(self) -> Tensor:
        """The generator's samples, (batch, *sample_shape), on the latents and labels of this update."""
        return self.players.generator(self.draws.latent, self.draws.label) if self.made is None else self.made

    def with_draws(self, draws: Draws) -> "Step":
        """The same on other random inputs, for which fakes are made anew."""
        return self._replace(draws=draws, made=None)

    def rows(self, start: int, stop: int) -> "Step":
        """The same for some of the batch's samples. Not where fakes are shared."""
        assert self.made is None, "shared fakes are of the whole batch"
        real, label, latent, fake_label, uniform = (
            tensor if tensor is None else tensor[start:stop]
            for tensor in (*self.batch, self.draws.latent, self.draws.label, self.draws.uniform)
        )
        assert real is not None and latent is not None
        draws = self.draws._replace(latent=latent, label=fake_label, uniform=uniform)
        return self._replace(batch=Batch(real, label), draws=draws)


ADVERSARIAL = ("real", "fake", "pair")  # losses of players against each other; others are penalties


class Objective(ABC):
    """What each player minimises: named scalars, summed for the gradient and logged by name.

    Losses are pure functions of a `Step`. They never see optimizers, devices, ranks or precision.
    Subclasses are frozen dataclasses: their fields are their configuration.
    """

    # True where a sample's loss depends on the others in its batch: such runs cannot be split exactly over processes.
    couples_samples: ClassVar[bool] = False
    # How many samples the objective joins, along their first axis, into one that the discriminator sees; it is built
    # for that shape. Above 1, samples are coupled whatever `couples_samples` says.
    pack: int = 1

    @abstractmethod
    def discriminator_loss(self, step: Step) -> Mapping[str, Tensor]: ...

    @abstractmethod
    def generator_loss(self, step: Step) -> Mapping[str, Tensor]: ...

    @hook
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Lowest and highest sum of each player's `ADVERSARIAL` losses; a player that stays there has saturated."""
        return {}

    @hook
    def schedules(self) -> Mapping[str, Schedule]:
        """Factors by name, each a function of images seen; they arrive in `Draws.factors` as scalars."""
        return {}

    @hook
    def num_uniform(self) -> int:
        """How many numbers, U(0, 1), each sample is given in `Draws.uniform`."""
        return 0

    @hook
    def draw(self, random: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Random arrays by name, drawn once a step: the same in all its updates and on every process.

        They arrive in `Draws.factors`. `random` follows from the run's seed and the step.
        """
        return {}
