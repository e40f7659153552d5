"""Objectives that are functions of the discriminator's scores; augmentation, packing and penalties are added here."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.objectives.augment import DiffAugment
from honmono.objectives.base import Objective, Step
from honmono.objectives.penalties import Penalty
from honmono.objectives.scoring import score, score_real_and_fake
from honmono.schedules import Schedule


Score = Float[Tensor, " _"]  # one for each sample; there may be more real than fake ones


@dataclass(frozen=True)
class LogitObjective(Objective):
    """Makes fakes, scores them and the reals, adds penalties; a subclass says what the losses are.

    together: the discriminator sees real and fake in one batch: quicker, but only where it couples no samples.
    penalties: added to the discriminator's loss, each under its name.
    pack: how many samples, all real or all fake, the discriminator judges as one, so that it sees when fakes lack
        variety (Lin et al., PacGAN, 2018, arXiv:1712.04086). Penalties see packed samples too. Not with labels.
    augment: how pictures, real and fake, are changed before the discriminator and its penalties see them; None: not.
    """

    together: bool = False
    penalties: tuple[Penalty, ...] = ()
    pack: int = 1
    augment: DiffAugment | None = None

    def __post_init__(self) -> None:
        if self.pack < 1:
            raise Refused(f"objective.pack is {self.pack}; 1 judges each sample alone, 2 or more judges so many as one")
        names = [penalty.name for penalty in self.penalties]
        if len(set(names)) < len(names):
            raise Refused(f"objective.penalties holds two of one name, {names}; give each kind once")

    # Whether the generator's loss is of how far its fakes' scores lie above those of as many reals.
    relativistic: ClassVar[bool] = False

    @abstractmethod
    def discriminator_terms(self, real: Score, fake: Score) -> dict[str, Tensor]:
        """The discriminator's losses by name, given its (batch,) scores of real and fake samples."""

    @abstractmethod
    def generator_terms(self, fake: Score) -> dict[str, Tensor]:
        """The generator's losses by name, given the (batch,) scores of its fakes, less the reals' if relativistic."""

    def discriminator_loss(self, step: Step) -> Mapping[str, Tensor]:
        with torch.no_grad():
            fake, step = self._fakes_as_seen(step), self._with_reals_as_seen(step)
        discriminate = partial(score, step.players.discriminator)
        real_score, fake_score = score_real_and_fake(discriminate, step.batch, fake, step.draws.label, self.together)
        due = [one for one in self.penalties if step.batch.label is not None or not one.of_labels]
        penalties = {one.name: self._penalty(one, step, fake, real_score) for one in due}
        return self.discriminator_terms(real_score, fake_score) | penalties

    def generator_loss(self, step: Step) -> Mapping[str, Tensor]:
        discriminator = step.players.discriminator
        fake_score = score(discriminator, self._fakes_as_seen(step), step.draws.label)
        if self.relativistic:
            with torch.no_grad():
                real_score = score(discriminator, *self._with_reals_as_seen(step).batch)
            fake_score = fake_score - real_score
        return self.generator_terms(fake_score)

    def schedules(self) -> Mapping[str, Schedule]:
        return {penalty.name: penalty.schedule for penalty in self.penalties}

    def num_uniform(self) -> int:
        return self._augmenting + sum(penalty.num_uniform for penalty in self.penalties)

    @property
    def _augmenting(self) -> int:
        """How many of a sample's numbers are the augmentation's, which come first."""
        return 2 * self.augment.numbers if self.augment is not None and self.augment.active else 0

    def augment_and_pack(
        self, sample: Tensor, label: Tensor | None, uniform: Tensor | None, real: bool = False
    ) -> Tensor:
        """Samples as the discriminator sees them: each augmented by its own numbers, then packed."""
        if self.augment is not None and self._augmenting:
            assert uniform is not None, "augmentation needs numbers for each sample"
            if sample.dim() != 4:
                raise Refused("objective.augment changes pictures, and these samples are points: set it to none")
            sample = self.augment(sample, uniform[:, : self._augmenting].chunk(2, dim=1)[real], label)
        return self.packed(sample, label)

    def _fakes_as_seen(self, step: Step) -> Tensor:
        return self.augment_and_pack(step.fakes(), step.draws.label, step.draws.uniform)

    def _with_reals_as_seen(self, step: Step) -> Step:
        real, label = step.batch
        return step._replace(batch=Batch(self.augment_and_pack(real, label, step.draws.uniform, real=True), label))

    def packed(self, sample: Tensor, label: Tensor | None) -> Tensor:
        """`pack` samples in a row as one: (batch, channels, ...) becomes (batch // pack, pack * channels, ...).

        A rest that fills no pack is left out. Labels are refused: a pack has none of its own.
        """
        if self.pack == 1:
            return sample
        if label is not None:
            raise Refused(f"objective.pack={self.pack} takes no labels: set conditional=false, or objective.pack=1")
        packs = len(sample) // self.pack
        if packs == 0:
            raise Refused(f"objective.pack={self.pack} needs as many samples, and the batch holds {len(sample)}")
        return sample[: packs * self.pack].reshape(packs, self.pack * sample.shape[1], *sample.shape[2:])

    def _penalty(self, penalty: Penalty, step: Step, fake: Tensor, real_score: Score) -> Tensor:
        """A penalty's value under its schedule; of each sample's numbers it is given its own, after the
        augmentation's."""
        uniform, factors = step.draws.uniform, step.draws.factors
        if uniform is not None:
            before = self.penalties[: self.penalties.index(penalty)]
            first = self._augmenting + sum(other.num_uniform for other in before)
            own = uniform[:, first : first + penalty.num_uniform]
            step = step._replace(draws=step.draws._replace(uniform=own))
        value = penalty.value(step, fake, real_score)
        return value * factors[penalty.name] if penalty.name in factors else value
