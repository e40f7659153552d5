"""The variety of a generator's samples during training: the spread of fakes relative to that of reals, by class.

For points, and for pictures without labels, it is measured for the whole generator.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from honmono.metrics.spread import spread
from honmono.randomness import stream
from honmono.training.trainer import Trainer


REALS = 64  # real pictures that fakes are compared with, of each class or of all data
FAKES = (8, 16)  # the least and the greatest number of fakes of a class in a measurement
BATCHES, MOST = 4, 256  # fakes of a measurement: this many batches, but at most so many samples
POINTS = 256  # fakes and reals where samples are points
NUMBERS = 2**24  # the most values in the samples of a class, to save memory with large pictures
WHOLE = -1  # in place of a class, for the whole generator


class Spreads(NamedTuple):
    """The spread of the fakes of each measured class relative to its reals, and the numbers of fakes and reals."""

    ratios: dict[int, float]
    fakes: int
    reals: int


class Variety:
    """Compares the samples of a trainer's generator with its data, always for the same latents and real samples.

    Classes with fewer than two real samples, or with identical ones, are left out.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        recipe, data_spec = trainer.recipe, trainer.data_spec
        points = len(data_spec.sample_shape) == 1
        room = max(FAKES[0], NUMBERS // int(np.prod(data_spec.sample_shape)))
        self.most_reals = POINTS if points else min(REALS, room)
        self._places = self._real_places()
        most = min(MOST, BATCHES * recipe.training.batch_size)
        if WHOLE in self._places:
            self.fakes = POINTS if points else max(FAKES[0], min(REALS, most, room))
        else:
            self.fakes = min(max(FAKES[0], most // max(len(self._places), 1)), FAKES[1], room)
        self._at_once = max(1, most // self.fakes)
        self._spreads: dict[int, float] = {}

    @property
    def turns(self) -> int:
        """How many measurements it takes until every class has been measured once."""
        return -(-len(self._places) // self._at_once)

    def measure(self, turn: int) -> Spreads:
        """Measures the classes whose turn it is; all of them if they fit into one measurement."""
        classes = list(self._places)
        first = turn % max(self.turns, 1) * self._at_once
        reals = {label: self._real_spread(label) for label in classes[first : first + self._at_once]}
        compared = [label for label, of_reals in reals.items() if of_reals > 0]
        made = self._made(compared)
        ratios = {label: spread(made[label]) / reals[label] for label in compared}
        counts = [len(self._places[label]) for label in compared]
        return Spreads(ratios, self.fakes, max(counts, default=0))

    def _real_places(self) -> dict[int, np.ndarray]:
        """The indices of the stored real samples that each class is compared with."""
        dataset, recipe = self._trainer.dataset, self._trainer.recipe
        if not recipe.conditional or dataset.labels is None:
            held = self.most_reals if dataset.length is None else dataset.length
            places = {WHOLE: np.arange(held)}
        else:
            order = np.argsort(dataset.labels, kind="stable")
            starts = np.searchsorted(dataset.labels[order], np.arange(len(self._trainer.data_spec.classes) + 1))
            places = {label: order[a:b] for label, (a, b) in enumerate(zip(starts, starts[1:], strict=False))}
        chosen = {label: self._some(of_class, label) for label, of_class in places.items()}
        return {label: some for label, some in chosen.items() if len(some) > 1}

    def _some(self, places: np.ndarray, label: int) -> np.ndarray:
        """A random choice of them, since stored data may be sorted by a class that it does not name."""
        number = min(self.most_reals, len(places))
        return np.sort(stream(0, "variety of reals", label + 1).choice(places, number, replace=False))

    def _real_spread(self, label: int) -> float:
        """Computed once; for growing networks each time, since their pictures change with the size."""
        if label not in self._spreads or self._trainer.recipe.growth is not None:
            real = self._trainer.dataset.gather(self._places[label], stream(0, "variety of reals", label + 1)).real
            self._spreads[label] = spread(self._trainer.downsample_real(real).float().cpu())
        return self._spreads[label]

    def _made(self, classes: list[int]) -> dict[int, Tensor]:
        """Fakes of each class. In every batch the classes alternate, as in sample grids."""
        if not classes:
            return {}
        recipe, size = self._trainer.recipe, self._trainer.recipe.training.batch_size
        seed, shape = recipe.training.seed, self._trainer.data_spec.sample_shape
        drawn = [recipe.latent.draw(stream(seed, "variety", k + 1), self.fakes, shape) for k in classes]
        latents = np.stack(drawn, axis=1).reshape(-1, *drawn[0].shape[1:])
        labels = np.tile(np.array(classes), self.fakes) if recipe.conditional and WHOLE not in classes else None
        model = self._trainer.model()
        if labels is None and recipe.conditional:  # real samples have no labels: all classes in turn
            labels = np.arange(len(latents)) % len(self._trainer.data_spec.classes)
        parts = -(-len(latents) // size)  # of equal size, since batch norm may use batch statistics
        given = [None] * parts if labels is None else np.array_split(labels, parts)
        chunks = [model.at(latent, label) for latent, label in zip(np.array_split(latents, parts), given, strict=True)]
        made = self._trainer.downsample_fake(torch.cat(chunks)).float().cpu()
        return {label: made[place :: len(classes)] for place, label in enumerate(classes)}
