"""Base of objectives that are functions of the discriminator's scores, with augmentation, packing and penalties."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import ClassVar, Literal, Self

import torch
from jaxtyping import Float
from torch import Tensor

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.hooks import hook
from honmono.objectives.adaptive_factor import AdaptiveFactor
from honmono.objectives.augment import CLASS_SHARE, CLASS_SIGN, PROBABILITY, SIGN, Adaptive, DiffAugment
from honmono.objectives.base import ADVERSARIAL, Objective, PlayerName, Step
from honmono.objectives.penalties import Penalty
from honmono.objectives.scoring import score, score_real_and_fake
from honmono.schedules import Schedule


Score = Float[Tensor, " _"]  # one for each sample; real and fake ones may differ in number
NOTHING: Mapping[str, Tensor] = MappingProxyType({})


@dataclass(frozen=True)
class LogitObjective(Objective):
    """Generates fakes, scores them and the reals, and adds penalties; subclasses define the losses of the scores.

    together: real and fake samples go through the discriminator in one batch, which is faster. "auto": where it couples
        no samples, which is known once the networks are built.
    penalties: added to the discriminator's loss, and some to the generator's too, each under its name.
    pack: how many samples, all real or all fake, are concatenated into one discriminator input, which shows it a lack
        of variety (Lin et al., PacGAN, 2018, arXiv:1712.04086). Penalties get packed samples too. Not with labels.
    augment: augmentation of real and fake pictures before the discriminator and its penalties; None: none.
    """

    together: bool | Literal["auto"] = "auto"
    penalties: tuple[Penalty, ...] = ()
    pack: int = 1
    augment: DiffAugment | None = None

    def __post_init__(self) -> None:
        if self.pack < 1:
            raise Refused(f"objective.pack is {self.pack}: give at least 1 (1: no packing)")
        names = [penalty.name for penalty in self.penalties]
        if len(set(names)) < len(names):
            raise Refused(f"objective.penalties holds two of one kind, {names}: give each kind once")

    # Whether the generator's loss is a function of D(fake) - D(real) rather than of D(fake).
    relativistic: ClassVar[bool] = False

    @abstractmethod
    def discriminator_terms(self, real: Score, fake: Score) -> dict[str, Tensor]:
        """The discriminator's losses by name, from the (batch,) scores of real and fake samples."""

    @abstractmethod
    def generator_terms(self, fake: Score) -> dict[str, Tensor]:
        """The generator's losses by name, from the (batch,) scores of fakes, minus those of reals if `relativistic`."""

    @hook
    def real_margin(self, real: Score, fake: Score) -> Score:
        """From the scores of real samples and of as many fakes: above 0 where the discriminator takes the real sample
        for real, below 0 where for fake."""
        return real

    def discriminator_loss(self, step: Step) -> Mapping[str, Tensor]:
        due = [
            place
            for place, one in enumerate(self.penalties)
            if step.wants(one.name) and (step.batch.label is not None or not one.of_labels)
        ]
        scores = any(step.wants(term) for term in ADVERSARIAL)
        used = [part for place in due for part in self.penalties[place].uses]
        with torch.no_grad():
            fake = self._prepared_fakes(step) if scores or "fake" in used else step.batch.real[:0]
            step = self._with_prepared_reals(step)
        discriminate, label = partial(score, step.players.discriminator), step.draws.label
        terms: dict[str, Tensor] = {}
        real_score = step.batch.real.new_zeros(0)
        if scores:
            real_score, fake_score = score_real_and_fake(discriminate, step.batch, fake, label, self.together is True)
            terms = {k: v for k, v in self.discriminator_terms(real_score, fake_score).items() if step.wants(k)}
            if self.augment is not None and self.augment.adaptive:
                margin = self.real_margin(real_score.detach(), fake_score.detach())
                terms |= self.augment.followed(margin, step.batch.label)
                terms[PROBABILITY] = step.memory[PROBABILITY]
        elif "real_score" in used:
            real_score = discriminate(*step.batch)
        for place in due:
            terms |= self._penalty(place, step, fake, real_score)
        return terms

    def generator_loss(self, step: Step) -> Mapping[str, Tensor]:
        discriminator, fake = step.players.discriminator, self._prepared_fakes(step)
        fake_score = score(discriminator, fake, step.draws.label)
        penalties = self._generator_penalties(step, fake, fake_score)
        if self.relativistic:
            with torch.no_grad():
                real_score = score(discriminator, *self._with_prepared_reals(step).batch)
            fake_score = fake_score - real_score
        return self.generator_terms(fake_score) | penalties

    def resolve_auto(self, length: int | None, sizes: Sequence[int]) -> Self:
        augment = self.augment and self.augment.resolve_auto(length, sizes)
        return replace(
            self, augment=augment, penalties=tuple(one.resolve_auto(length, sizes) for one in self.penalties)
        )

    def schedules(self) -> Mapping[str, Schedule]:
        return {penalty.name: penalty.schedule for penalty in self.penalties}

    def num_uniform(self) -> int:
        return self._augment_numbers + sum(penalty.num_uniform for penalty in self.penalties)

    def optional_terms(self) -> Mapping[PlayerName, tuple[str, ...]]:
        return {"discriminator": tuple(penalty.name for penalty in self.penalties)}

    def statistics(self) -> tuple[str, ...]:
        own = (SIGN, CLASS_SIGN, CLASS_SHARE, PROBABILITY) if self._adaptive else ()
        return (*own, *(of(name) for name, adapt in self._adapted.items() for of in (adapt.value, adapt.factor)))

    def memory(self) -> Mapping[str, float]:
        memory = self._adaptive.memory() if self._adaptive else {}
        for name, adapt in self._adapted.items():
            memory |= adapt.memory(name)
        return memory

    def remember(
        self, memory: Mapping[str, Tensor], statistics: Mapping[str, Tensor], images: int
    ) -> Mapping[str, Tensor]:
        after = dict(memory)
        if self._adaptive and SIGN in statistics:
            after |= self._adaptive.remember(memory, statistics, images)
        for name, adapt in self._adapted.items():
            if adapt.value(name) in statistics:  # its term was computed in this update
                after |= adapt.remember(name, memory, statistics[adapt.value(name)], images)
        return after

    @property
    def _adaptive(self) -> Adaptive | None:
        return self.augment.adaptive if self.augment is not None else None

    @property
    def _adapted(self) -> dict[str, AdaptiveFactor]:
        """By the name of a penalty, how its factor adapts."""
        return {penalty.name: penalty.adapt for penalty in self.penalties if penalty.adapt is not None}

    @property
    def _augment_numbers(self) -> int:
        """How many of each sample's random numbers the augmentation uses; they come first."""
        return 2 * self.augment.numbers if self.augment is not None and self.augment.active else 0

    def augment_and_pack(
        self,
        sample: Tensor,
        label: Tensor | None,
        uniform: Tensor | None,
        real: bool = False,
        memory: Mapping[str, Tensor] = NOTHING,
    ) -> Tensor:
        """Samples as the discriminator gets them: augmented, each by its own random numbers, then packed.

        memory: needed where the probability of augmentation adapts.
        """
        if self.augment is not None and self._augment_numbers:
            assert uniform is not None, "augmentation needs random numbers for each sample"
            if sample.dim() != 4:
                raise Refused(
                    "objective.augment needs pictures, and these samples are points: use --set objective.augment=none"
                )
            own = uniform[:, : self._augment_numbers].chunk(2, dim=1)[real]
            sample = self.augment(sample, own, label, memory[PROBABILITY] if self._adaptive else None)
        return self.packed(sample, label)

    def _prepared_fakes(self, step: Step) -> Tensor:
        return self.augment_and_pack(step.fakes(), step.draws.label, step.draws.uniform, memory=step.memory)

    def _with_prepared_reals(self, step: Step) -> Step:
        real, label = step.batch
        prepared = self.augment_and_pack(real, label, step.draws.uniform, real=True, memory=step.memory)
        return step._replace(batch=Batch(prepared, label))

    def packed(self, sample: Tensor, label: Tensor | None) -> Tensor:
        """Every `pack` consecutive samples as one: (batch, channels, ...) -> (batch // pack, pack * channels, ...).

        Samples left over at the end are dropped. Raises `Refused` with labels: a pack has no single label.
        """
        if self.pack == 1:
            return sample
        if label is not None:
            raise Refused(
                f"objective.pack={self.pack} cannot be used with labels: use --set conditional=false, or --set"
                f" objective.pack=1"
            )
        packs = len(sample) // self.pack
        if packs == 0:
            raise Refused(
                f"objective.pack={self.pack} needs as many samples, and the batch has {len(sample)}: raise --batch-size"
            )
        return sample[: packs * self.pack].reshape(packs, self.pack * sample.shape[1], *sample.shape[2:])

    def _penalty(self, place: int, step: Step, fake: Tensor, real_score: Score) -> dict[str, Tensor]:
        """A penalty's value times its factors, and the statistics by which one of them adapts."""
        penalty, step, factors = self.penalties[place], self._with_own_numbers(place, step), step.draws.factors
        name, adapt, value = penalty.name, penalty.adapt, penalty.value(step, fake, real_score)
        scheduled = value * factors[name] if name in factors else value
        if adapt is None:
            return {name: scheduled}
        factor = step.memory[adapt.factor(name)]
        return {name: scheduled * factor, adapt.value(name): value.detach(), adapt.factor(name): factor}

    def _generator_penalties(self, step: Step, fake: Tensor, fake_score: Score) -> dict[str, Tensor]:
        """What penalties add to the generator's loss, times their schedules."""
        found: dict[str, Tensor] = {}
        factors = step.draws.factors
        for place, penalty in enumerate(self.penalties):
            value = penalty.generator_value(self._with_own_numbers(place, step), fake, fake_score)
            if value is not None:
                found[penalty.name] = value * factors[penalty.name] if penalty.name in factors else value
        return found

    def _with_own_numbers(self, place: int, step: Step) -> Step:
        """The step with a penalty's own random numbers of each sample: they follow those of the augmentation and of the
        penalties before it."""
        if (uniform := step.draws.uniform) is None:
            return step
        first = self._augment_numbers + sum(other.num_uniform for other in self.penalties[:place])
        packs = len(uniform) // self.pack * self.pack
        # A pack has its first sample's.
        own = uniform[: packs : self.pack, first : first + self.penalties[place].num_uniform]
        return step._replace(draws=step.draws._replace(uniform=own))
