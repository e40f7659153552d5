"""Latents, labels and real batches of one step, shared between updates that name the same ones."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from honmono.data.base import Batch
from honmono.data.batches import Batches
from honmono.objectives.base import Draws
from honmono.randomness import stream
from honmono.recipe.updates import RealBatches, Update
from honmono.recipe.value import Recipe
from honmono.schedules import Constant
from honmono.training.engine import Engine


@dataclass
class Clock:
    """The progress of a run: steps done, and images seen (new real samples)."""

    step: int = 0
    images: int = 0


class StepInputs:
    """The random inputs and real batches of one step. Taking a new batch advances the clock.

    Everything is drawn for the global batch from (seed, purpose, clock), then cut to this process's rows.

    resize: applied to real samples, for growing networks; None: nothing.
    """

    def __init__(
        self,
        recipe: Recipe,
        batches: Batches,
        num_classes: int,
        engine: Engine,
        clock: Clock,
        resize: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        self._recipe, self._batches, self._engine, self._clock = recipe, batches, engine, clock
        self._num_classes, self._resize = num_classes if recipe.conditional else 0, resize
        self._numbers, self._taken = RealBatches(), list[tuple[Batch, int]]()
        self._draws: dict[tuple[str, int], Draws] = {}
        self._drawn = 0
        self._factors = {
            name: torch.tensor(schedule.at(clock.images), device=engine.device, dtype=engine.dtype)
            for name, schedule in recipe.objective.schedules().items()
            if schedule != Constant()
        }
        drawn = recipe.objective.draw(stream(recipe.training.seed, "objective", clock.step))
        self._factors |= {
            name: torch.tensor(array, device=engine.device, dtype=engine.dtype) for name, array in drawn.items()
        }

    def real(self, update: Update) -> tuple[Batch, int]:
        """The real batch of an update (this process's rows), and its global size."""
        number = self._numbers.of(update)
        if number == len(self._taken):
            self._taken.append(self._fresh())
        return self._taken[number]

    def _fresh(self) -> tuple[Batch, int]:
        size = self._batches.size_at(self._clock.images)
        batch = self._batches.batch(self._clock.images, self._engine.part(size))
        self._clock.images += size
        label = batch.label if self._recipe.conditional else None
        real = self._resize(batch.real) if self._resize else batch.real
        return Batch(self._engine.sample(real), label), size

    def draws(self, update: Update, batch: Batch, size: int) -> Draws:
        """The random inputs of an update (this process's rows), for as many fakes as it has real samples."""
        if update.draws is not None and (update.draws, size) in self._draws:
            return self._draws[update.draws, size]
        random = stream(self._recipe.training.seed, "draws", self._clock.step, self._drawn)
        self._drawn += 1
        part = self._engine.part(size)
        drawn = self._recipe.latent.draw(random, size, tuple(batch.real.shape[1:]))
        latent = self._engine.sample(torch.from_numpy(drawn[part]))
        labels = self._labels(random, batch, size, part)
        draws = Draws(latent, labels, self._factors, self._uniform(random, size, part), self._num_classes)
        if update.draws is not None:
            self._draws[update.draws, size] = draws
        return draws

    def _uniform(self, random: np.random.Generator, size: int, part: slice) -> torch.Tensor | None:
        each = self._recipe.objective.num_uniform()
        if each == 0:
            return None
        numbers = random.random((size, each), dtype=np.float32)[part]
        return torch.from_numpy(numbers).to(self._engine.device, self._engine.dtype)

    def _labels(self, random: np.random.Generator, batch: Batch, size: int, part: slice) -> torch.Tensor | None:
        if not self._recipe.conditional:
            return None
        if self._recipe.fake_labels == "real":
            return batch.label
        labels = torch.from_numpy(random.integers(self._num_classes, size=size)[part])
        return labels.to(self._engine.device)
