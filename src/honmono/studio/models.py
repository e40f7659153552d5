"""Loaded generators, kept while they are in use, and one forward at a time."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from torch import Tensor

from honmono.errors import Refused
from honmono.generation.load import TrainedRun, load
from honmono.generation.model import take
from honmono.generation.serving.ask import Ask, class_of, model_for
from honmono.runs.directory import RunDirectory


MOST_MODELS = 4
MOST_SAMPLES = 256  # of one request


class Models:
    """The generators of the newest checkpoints that were last used. They run none of the runs' own code."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], TrainedRun] = OrderedDict()
        self._turn = threading.Lock()

    @contextmanager
    def turn(self, run: RunDirectory) -> Iterator[TrainedRun]:
        """The run's model, for the caller alone: two forwards at once would only share the processor's cores."""
        with self._turn:
            yield self._load(run)

    def samples(
        self, run: RunDirectory, ask: Ask, shift: np.ndarray | None = None
    ) -> tuple[TrainedRun, Tensor, int | None]:
        """What `honmono sample` makes with the same options, and the number of the class that was chosen.

        shift: (latent,), added to each latent.
        """
        if ask.num > MOST_SAMPLES:
            raise Refused(f"num {ask.num}: give at most {MOST_SAMPLES}")
        with self.turn(run) as trained:
            label, model = class_of(trained, ask), model_for(trained, ask)
            draws = model.draws(seed=ask.seed, label=label)
            chunks = (model.at(shifted(latents, shift), labels, noise) for latents, labels, noise in draws)
            made = take(chunks, ask.num).float().cpu()
            return replace(trained, model=model), made, label

    def _load(self, run: RunDirectory) -> TrainedRun:
        steps = run.checkpoint_steps()
        key = (run.path.name, steps[-1] if steps else 0)
        if key not in self._kept:
            for older in [other for other in self._kept if other[0] == run.path.name]:
                del self._kept[older]
            self._kept[key] = load(run.path)
            while len(self._kept) > MOST_MODELS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def shifted(latents: np.ndarray, shift: np.ndarray | None) -> np.ndarray:
    """Latents (batch, *latent), each moved by the same shift (latent,); None: as they are."""
    return latents if shift is None else latents + shift
