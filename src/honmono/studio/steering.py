"""Samples moved along directions of the latents: how a request gives the moves, and the directions of each run."""

from copy import deepcopy
from dataclasses import replace
from threading import Lock
from typing import Annotated

import numpy as np
from pydantic import Field

from honmono.errors import Refused
from honmono.generation.latents.directions import Directions, Method, closed_form, components
from honmono.generation.latents.layers import refuse_without_vectors
from honmono.generation.model import Model
from honmono.generation.serving.ask import Ask
from honmono.runs.directory import RunDirectory
from honmono.studio.form import WrongField
from honmono.studio.models import Models


SLIDERS = 5
REACH = 6.0  # the largest move; with larger ones samples rarely look like the data
COMPUTED = 8  # directions, as many as `honmono directions` computes: a randomized PCA depends on their number
MOST_KEPT = 64  # sets of directions, of a few kilobytes each

Moves = Annotated[tuple[Annotated[float, Field(ge=-REACH, le=REACH)], ...], Field(max_length=SLIDERS)]


class SteeredAsk(Ask):
    """A request for samples whose latents are moved. moves: along the first directions of a method, in their order."""

    directions: Method | None = None
    moves: Moves = ()


class KnownDirections:
    """The directions of the runs' newest checkpoints, computed at the first request and kept."""

    def __init__(self, models: Models) -> None:
        self._models, self._turn = models, Lock()
        self._kept: dict[tuple[str, int, Method], Directions] = {}

    def of(self, run: RunDirectory, method: Method) -> Directions:
        """Those that `honmono directions` writes. Raises `Refused` where the generator has none."""
        with self._models.turn(run) as trained:
            kept = self._kept.get((run.path.name, trained.step, method))
        return kept or self._computed(run, method)

    def shift(self, run: RunDirectory, ask: SteeredAsk) -> np.ndarray | None:
        """What is added to each latent of a request; None where nothing moves."""
        if not any(ask.moves):
            return None
        if ask.directions is None:
            raise WrongField("directions", "directions: give sefa or pca, by which the moves' directions are found")
        vectors = self.of(run, ask.directions).vectors
        if len(ask.moves) > len(vectors):
            raise WrongField("moves", f"moves: this run has {len(vectors)} directions: give at most that many numbers")
        return np.asarray(ask.moves, np.float32) @ vectors[: len(ask.moves)]

    def _computed(self, run: RunDirectory, method: Method) -> Directions:
        with self._turn:
            with self._models.turn(run) as trained:
                key = (run.path.name, trained.step, method)
                # PCA takes seconds and hooks into layers: a copy leaves the model to other visitors.
                model = replace(trained.model, generator=deepcopy(trained.model.generator))
            if key not in self._kept:
                find = {"sefa": closed_form, "pca": components}[method]
                self._kept[key] = find(model, COMPUTED)
                while len(self._kept) > MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
            return self._kept[key]


def can_be_steered(model: Model) -> bool:
    """Whether a generator's latents have directions."""
    try:
        refuse_without_vectors(model)
    except Refused:
        return False
    return True
