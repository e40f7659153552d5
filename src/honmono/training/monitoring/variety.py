"""How variously a generator draws while it trains: the spread of its fakes against that of the reals, class by class.

Of points, and of pictures without labels, the generator is looked at as a whole.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from honmono.generation.sampling import generate
from honmono.metrics.spread import spread
from honmono.randomness import stream
from honmono.training.trainer import Trainer


REALS = 64  # pictures that fakes are compared with, of each class or of all data
FAKES = (8, 16)  # of a class in a look: at least and, where few classes share the look, at most
BATCHES, MOST = 4, 256  # fakes in a look: so many batches, and no more than so many
POINTS = 256  # fakes and reals where samples are points
NUMBERS = 2**24  # in the samples of a class at most, so that large pictures leave room for the training
WHOLE = -1  # stands for a class where the generator is looked at as a whole


class Look(NamedTuple):
    """The spread of the fakes of each class looked at, as a share of the reals' own; and of how many samples."""

    ratios: dict[int, float]
    fakes: int
    reals: int


class Variety:
    """Compares the sampler of a trainer with its data, always by the same latents and the same reals.

    Classes of fewer than two reals, and those whose reals are all one, have no spread to compare with.
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
        """After so many looks every class was looked at."""
        return -(-len(self._places) // self._at_once)

    def look(self, turn: int) -> Look:
        """Looks at the classes whose turn it is; all of them where they fit into one look."""
        classes = list(self._places)
        first = turn % max(self.turns, 1) * self._at_once
        reals = {label: self._real_spread(label) for label in classes[first : first + self._at_once]}
        compared = [label for label, of_reals in reals.items() if of_reals > 0]
        made = self._made(compared)
        ratios = {label: spread(made[label]) / reals[label] for label in compared}
        counts = [len(self._places[label]) for label in compared]
        return Look(ratios, self.fakes, max(counts, default=0))

    def _real_places(self) -> dict[int, np.ndarray]:
        """Which of the stored reals each class is compared with."""
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
        """As many as are compared with, from everywhere: stored data may be sorted by a class that it does not name."""
        number = min(self.most_reals, len(places))
        return np.sort(stream(0, "variety of reals", label + 1).choice(places, number, replace=False))

    def _real_spread(self, label: int) -> float:
        """Computed once; of networks that grow anew each time, as they see other pictures at each size."""
        if label not in self._spreads or self._trainer.recipe.growth is not None:
            real = self._trainer.dataset.gather(self._places[label], stream(0, "variety of reals", label + 1)).real
            self._spreads[label] = spread(self._trainer.downsample_real(real).float().cpu())
        return self._spreads[label]

    def _made(self, classes: list[int]) -> dict[int, Tensor]:
        """Fakes of each class. In every batch the classes take turns, as in a run's grids."""
        if not classes:
            return {}
        recipe, size = self._trainer.recipe, self._trainer.recipe.training.batch_size
        drawn = [recipe.latent.draw(stream(recipe.training.seed, "variety", k + 1), self.fakes) for k in classes]
        latents = np.stack(drawn, axis=1).reshape(-1, *drawn[0].shape[1:])
        labels = np.tile(np.array(classes), self.fakes) if recipe.conditional and WHOLE not in classes else None
        sampler = self._trainer.sampler()
        if labels is None and recipe.conditional:  # whose reals carry no label: all classes in turn
            labels = np.arange(len(latents)) % len(self._trainer.data_spec.classes)
        parts = -(-len(latents) // size)  # of one size: batch norm may go by the batch
        given = [None] * parts if labels is None else np.array_split(labels, parts)
        chunks = [
            generate(sampler, recipe, latent, label)
            for latent, label in zip(np.array_split(latents, parts), given, strict=True)
        ]
        made = torch.cat(chunks).float().cpu()
        return {label: made[place :: len(classes)] for place, label in enumerate(classes)}
