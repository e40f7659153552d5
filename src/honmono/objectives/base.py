"""The interface between an objective and the trainer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, Self

import numpy as np
from torch import Tensor, nn

from honmono.data.base import Batch
from honmono.hooks import hook
from honmono.objectives.noise_schedules import NoiseSchedule
from honmono.schedules import Schedule


PlayerName = Literal["generator", "discriminator"]
DiffusionOutput = Literal["noise", "velocity"]
Prediction = Literal["sample", "velocity", "noise"]
PLAYERS: tuple[PlayerName, ...] = ("generator", "discriminator")


class Player(Protocol):
    """A network as objectives call it: in the trainer's precision, with outputs in full precision.

    A GAN's networks take a sample or latent and labels; one that is conditioned on time takes a sample, times, labels.
    """

    @property
    def module(self) -> nn.Module: ...

    def __call__(self, *inputs: Any, **named: Any) -> Tensor: ...  # typed so, any signature fits


class Players(NamedTuple):
    """The networks of a recipe. opponent: the discriminator; None where there is one network only."""

    generator: Player
    opponent: Player | None = None

    @property
    def discriminator(self) -> Player:
        assert self.opponent is not None, "this recipe has no discriminator"
        return self.opponent


class Draws(NamedTuple):
    """Random inputs of an update: the fakes' latents (batch, *latent) and, for conditional recipes, labels (batch,).

    factors: by name, the current values of `Objective.schedules` that are not constant 1, and the arrays of
        `Objective.draw`.
    uniform: (batch, num_uniform), U(0, 1); None where `num_uniform` is 0.
    classes: the number of classes of the data; 0 where the recipe uses no labels.
    """

    latent: Tensor
    label: Tensor | None
    factors: Mapping[str, Tensor] = MappingProxyType({})
    uniform: Tensor | None = None
    classes: int = 0


class Step(NamedTuple):
    """The inputs of one player's loss in one update: the players, the real batch and the random inputs.

    shared: fakes that an earlier update already generated from these latents and labels; None: there are none. An
        objective that changes the latents or labels uses `with_draws`.
    memory: by name, the current values of `Objective.memory`, scalars.
    terms: the names of the terms that are computed; None: all.
    """

    players: Players
    batch: Batch
    draws: Draws
    shared: Tensor | None = None
    memory: Mapping[str, Tensor] = MappingProxyType({})
    terms: tuple[str, ...] | None = None

    def wants(self, term: str) -> bool:
        """Whether a term of the loss is computed in this update."""
        return self.terms is None or term in self.terms

    def fakes(self) -> Tensor:
        """The generator's samples, (batch, *sample_shape), for the latents and labels of this update."""
        return self.players.generator(self.draws.latent, self.draws.label) if self.shared is None else self.shared

    def with_draws(self, draws: Draws) -> "Step":
        """The same step with other random inputs, for which new fakes are generated."""
        return self._replace(draws=draws, shared=None)

    def rows(self, start: int, stop: int) -> "Step":
        """The same step for a slice of the batch. Not where fakes are shared."""
        assert self.shared is None, "shared fakes belong to the whole batch"
        real, label, latent, fake_label, uniform = (
            tensor if tensor is None else tensor[start:stop]
            for tensor in (*self.batch, self.draws.latent, self.draws.label, self.draws.uniform)
        )
        assert real is not None and latent is not None
        draws = self.draws._replace(latent=latent, label=fake_label, uniform=uniform)
        return self._replace(batch=Batch(real, label), draws=draws)


ADVERSARIAL = ("real", "fake", "pair")  # names of the adversarial losses; all others are penalties


class Objective(ABC):
    """The losses of a recipe's networks: named scalars, summed for the gradient and logged by name.

    Losses are pure functions of a `Step`. They never handle optimizers, devices, ranks or precision.
    Subclasses are frozen dataclasses: their fields are their configuration.
    """

    # Whether a sample's loss depends on the others in its batch: such runs cannot be split exactly over processes.
    couples_samples: ClassVar[bool] = False
    # What the generator returns: a sample, or what a `Sampler` makes samples of step by step.
    predicts: ClassVar[Prediction] = "sample"
    # How many samples are concatenated along their first axis into one discriminator input, for which the discriminator
    # is built. Above 1, samples are coupled whatever `couples_samples` says.
    pack: int = 1

    @abstractmethod
    def generator_loss(self, step: Step) -> Mapping[str, Tensor]: ...

    @hook
    def discriminator_loss(self, step: Step) -> Mapping[str, Tensor]:
        """Every adversarial objective has one. Without one, a recipe has a single network, the generator."""
        return {}

    @hook
    def resolve_auto(self, length: int | None, sizes: Sequence[int]) -> Self:
        """The same with "auto" replaced where that follows from the data.

        length: the number of samples; None where the data is infinite.
        sizes: the number of samples in each class; () where the recipe uses no labels.
        """
        return self

    @property
    def players(self) -> tuple[PlayerName, ...]:
        """The networks that the objective trains."""
        adversarial = type(self).discriminator_loss is not Objective.discriminator_loss
        return PLAYERS if adversarial else PLAYERS[:1]

    @hook
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """The lowest and highest possible sum of each player's `ADVERSARIAL` losses; a loss that stays there has
        saturated."""
        return {}

    @hook
    def schedules(self) -> Mapping[str, Schedule]:
        """Factors by name, each a function of images seen, which `Draws.factors` holds as scalars."""
        return {}

    @hook
    def optional_terms(self) -> Mapping[PlayerName, tuple[str, ...]]:
        """By player, the terms besides the adversarial ones that its loss computes only where `Step.wants` says so. A
        player that is missing has a loss that is always computed as a whole."""
        return {}

    @hook
    def statistics(self) -> tuple[str, ...]:
        """The names in the results of its losses that are statistics of the batch: logged, but not minimised."""
        return ()

    @hook
    def memory(self) -> Mapping[str, float]:
        """Numbers that it keeps between updates, by name with their first values: scalars in `Step.memory`, which are
        saved with the run."""
        return {}

    @hook
    def remember(
        self, memory: Mapping[str, Tensor], statistics: Mapping[str, Tensor], images: int
    ) -> Mapping[str, Tensor]:
        """The memory after an update whose loss has `statistics`.

        statistics: averaged over the whole batch of the update, in all processes.
        images: the number of real samples in that batch.
        """
        return memory

    @hook
    def noise_schedule(self) -> NoiseSchedule | None:
        """Of a diffusion, whose sampler needs it; None for all others."""
        return None

    @hook
    def network_returns(self) -> DiffusionOutput:
        """What the network of a diffusion returns, which its sampler needs."""
        return "noise"

    @hook
    def num_uniform(self) -> int:
        """How many random numbers, U(0, 1), `Draws.uniform` holds for each sample."""
        return 0

    @hook
    def draw(self, random: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Random arrays by name, drawn once per step: the same in all its updates and in every process.

        `Draws.factors` holds them. `random` is seeded by the run's seed and the step.
        """
        return {}
