"""One step's share of chance and data: which draws and which real batches its updates see."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from honmono.data.base import Batch
from honmono.data.batches import Stream
from honmono.objectives.base import ByClock, Draws, DrawsBySample, DrawsByStep, Objective
from honmono.randomness import stream
from honmono.recipe.updates import FRESH, Update, every_update
from honmono.recipe.value import Recipe
from honmono.schedules import Constant, Schedule
from honmono.training.engine import Engine


@dataclass
class Clock:
    """Where a run stands: steps made, and images seen (fresh real samples given to the discriminator)."""

    step: int = 0
    images: int = 0


class Moment:
    """The named draws and batches of one step. Asking for a fresh batch moves the clock's images.

    Everything is drawn for the global batch from (seed, purpose, clock), then cut to this process's rows.
    shown: what becomes of real samples before anyone sees them; None: nothing.
    """

    def __init__(
        self,
        recipe: Recipe,
        real: Stream,
        num_classes: int,
        engine: Engine,
        clock: Clock,
        shown: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        self._recipe, self._stream, self._engine, self._clock = recipe, real, engine, clock
        self._num_classes, self._shown = num_classes, shown
        self._batches: dict[str, tuple[Batch, int]] = {}
        self._draws: dict[tuple[str, int], Draws] = {}
        self._latest: tuple[Batch, int] | None = None
        self._waiting: tuple[Batch, int] | None = None  # seen by a generator that moved first, by no discriminator yet
        self._drawn = 0
        self._factors = {
            name: torch.tensor(schedule.at(clock.images), device=engine.device, dtype=engine.dtype)
            for name, schedule in _scheduled(recipe.objective).items()
            if schedule != Constant()
        }
        if isinstance(recipe.objective, DrawsByStep):
            given = recipe.objective.draw(stream(recipe.training.seed, "objective", clock.step))
            self._factors |= {
                name: torch.tensor(array, device=engine.device, dtype=engine.dtype) for name, array in given.items()
            }

    def real(self, update: Update) -> tuple[Batch, int]:
        """The real batch (this process's rows) that an update sees, and its global size."""
        if update.real == FRESH and update.player == "generator":
            return self._fresh()
        if update.real is not None and update.real in self._batches:
            return self._batches[update.real]
        if update.real is None and update.player == "generator":
            if self._latest is None:
                self._latest = self._waiting = self._fresh()
            return self._latest
        self._latest, self._waiting = self._waiting or self._fresh(), None
        if update.real is not None and update.real != FRESH:
            self._batches[update.real] = self._latest
        return self._latest

    def _fresh(self) -> tuple[Batch, int]:
        size = self._stream.size_at(self._clock.images)
        batch = self._stream.batch(self._clock.images, self._engine.part(size))
        self._clock.images += size
        label = batch.label if self._recipe.conditional else None
        real = self._shown(batch.real) if self._shown else batch.real
        return Batch(self._engine.sample(real), label), size

    def draws(self, update: Update, batch: Batch, size: int) -> Draws:
        """The latents and fake labels (this process's rows) that an update sees; as many as its real samples."""
        if update.draws is not None and (update.draws, size) in self._draws:
            return self._draws[update.draws, size]
        random = stream(self._recipe.training.seed, "draws", self._clock.step, self._drawn)
        self._drawn += 1
        part = self._engine.part(size)
        latent = self._engine.sample(torch.from_numpy(self._recipe.latent.draw(random, size)[part]))
        labels = self._labels(random, batch, size, part)
        drawn = Draws(latent, labels, self._factors, self._chance(random, size, part))
        if update.draws is not None:
            self._draws[update.draws, size] = drawn
        return drawn

    def _chance(self, random: np.random.Generator, size: int, part: slice) -> torch.Tensor | None:
        objective = self._recipe.objective
        if not isinstance(objective, DrawsBySample) or objective.chances == 0:
            return None
        numbers = random.random((size, objective.chances), dtype=np.float32)[part]
        return torch.from_numpy(numbers).to(self._engine.device, self._engine.dtype)

    def _labels(self, random: np.random.Generator, batch: Batch, size: int, part: slice) -> torch.Tensor | None:
        if not self._recipe.conditional:
            return None
        if self._recipe.fake_labels == "real":
            return batch.label
        labels = torch.from_numpy(random.integers(self._num_classes, size=size)[part])
        return labels.to(self._engine.device)


def _scheduled(objective: Objective) -> dict[str, Schedule]:
    own = objective.schedules if isinstance(objective, ByClock) else {}
    return {penalty.name: penalty.schedule for penalty in getattr(objective, "penalties", ())} | {**own}


def fresh_batches(recipe: Recipe, step: int) -> int:
    """How many fresh real batches `Moment` takes in step `step`: one for each name, and one for each other update that
    asks for one; a generator alone looks at one too."""
    due = [(update, update.times(step)) for update in every_update(recipe.updates) if update.times(step)]
    names = {update.real for update, _ in due if update.real not in (None, FRESH)}
    asking = ((FRESH, "generator"), (FRESH, "discriminator"), (None, "discriminator"))
    others = sum(times for update, times in due if (update.real, update.player) in asking)
    return max(len(names) + others, min(len(due), 1))
