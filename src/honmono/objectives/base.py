"""The contract between an objective and the trainer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
from torch import Tensor, nn

from honmono.data.base import Batch
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
    """What chance gives to an update: the fakes' latents (batch, latent) and, for conditional GANs, labels (batch,).

    factors: of the penalties that have a schedule, by their names: scalars, as the clock has them; so the factors of an
        objective that goes `ByClock`; and what one that `DrawsByStep` was given in this step, by the names it chose.
    chance: (batch, chances), U(0, 1), for an objective that `DrawsBySample`.
    classes: how many classes the data has; 0 where the recipe takes no labels.
    """

    latent: Tensor
    label: Tensor | None
    factors: Mapping[str, Tensor] = MappingProxyType({})
    chance: Tensor | None = None
    classes: int = 0


ADVERSARIAL = ("real", "fake", "pair")  # losses of players against each other; others are penalties


class Objective(ABC):
    """What each player minimises: named scalars, summed for the gradient and logged by name.

    Losses are pure functions of players, batch and draws. They never see optimizers, devices, ranks or precision.
    Subclasses are frozen dataclasses: their fields are their configuration.
    """

    # True where a sample's loss depends on the others in its batch: such runs cannot be split exactly over processes.
    couples_samples: ClassVar[bool] = False
    # How many samples the objective joins, along their first axis, into one that the discriminator sees; it is built
    # for that shape. Above 1, samples are coupled whatever `couples_samples` says.
    pack: int = 1

    @abstractmethod
    def discriminator_loss(self, players: Players, batch: Batch, draws: Draws) -> Mapping[str, Tensor]: ...

    @abstractmethod
    def generator_loss(self, players: Players, batch: Batch, draws: Draws) -> Mapping[str, Tensor]: ...

    @abstractmethod
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Lowest and highest sum of each player's `ADVERSARIAL` losses; a player that stays there has saturated."""


class DrawsByStep(ABC):
    """An objective to which chance gives something once a step: the same in all its updates and on every process."""

    @abstractmethod
    def draw(self, random: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Arrays by name, which arrive in `Draws.factors`. `random` follows from the run's seed and the step."""


class ByClock(ABC):
    """An objective some of whose numbers go by the clock."""

    @property
    @abstractmethod
    def schedules(self) -> Mapping[str, Schedule]:
        """Factors by name. Those that change arrive in `Draws.factors` as scalars, the others not."""


class DrawsBySample(ABC):
    """An objective to which chance gives numbers for each sample: others in each update, on any number of processes."""

    @property
    @abstractmethod
    def chances(self) -> int:
        """How many numbers, U(0, 1), each sample is given in `Draws.chance`."""
