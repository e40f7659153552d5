"""Objectives that are functions of the discriminator's scores: who is asked for which score, and penalties added."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.objectives.base import Draws, Objective, Players
from honmono.objectives.penalties import Penalty


Score = Float[Tensor, " _"]  # one for each sample; there may be more real than fake ones


@dataclass(frozen=True)
class LogitObjective(Objective):
    """Makes fakes, asks for scores, adds penalties; what the losses are is left to the objective.

    together: the discriminator sees real and fake in one batch: quicker, but only where it couples no samples.
    penalties: added to the discriminator's loss, each under its name.
    """

    together: bool = False
    penalties: tuple[Penalty, ...] = ()

    def __post_init__(self) -> None:
        names = [penalty.name for penalty in self.penalties]
        if len(set(names)) < len(names):
            raise Refused(f"objective.penalties holds two of one name, {names}; give each kind once")

    @abstractmethod
    def discriminator_terms(self, real: Score, fake: Score) -> dict[str, Tensor]:
        """The discriminator's losses by name, given its (batch,) scores of real and fake samples."""

    @abstractmethod
    def generator_terms(self, fake: Score) -> dict[str, Tensor]:
        """The generator's losses by name, given the (batch,) scores of its fakes."""

    def discriminator_loss(self, players: Players, batch: Batch, draws: Draws) -> Mapping[str, Tensor]:
        with torch.no_grad():
            fake = players.generator(draws.latent, draws.label)
        real_score, fake_score = self._scores(players, batch, fake, draws.label)
        penalties = {penalty.name: penalty.value(players, batch, draws, fake) for penalty in self.penalties}
        return self.discriminator_terms(real_score, fake_score) | penalties

    def generator_loss(self, players: Players, batch: Batch, draws: Draws) -> Mapping[str, Tensor]:
        fake = players.generator(draws.latent, draws.label)
        return self.generator_terms(_full(players.discriminator(fake, draws.label)))

    def _scores(self, players: Players, batch: Batch, fake: Tensor, fake_label: Tensor | None) -> tuple[Tensor, Tensor]:
        if not self.together:
            real_score = players.discriminator(batch.real, batch.label)
            return _full(real_score), _full(players.discriminator(fake, fake_label))
        samples = torch.cat([batch.real, fake.to(batch.real.dtype)])
        assert (batch.label is None) == (fake_label is None), "real and fake have labels, or neither has"
        labels = None if batch.label is None or fake_label is None else torch.cat([batch.label, fake_label])
        scores = _full(players.discriminator(samples, labels))
        return scores[: len(batch.real)], scores[len(batch.real) :]


def _full(score: Tensor) -> Tensor:
    """Scores in float32, or in float64 when they are given in it: losses are never computed in less."""
    return score if score.dtype == torch.float64 else score.float()
