"""The way between two kept samples: samples whose latents go from one's to the other's."""

import io
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from honmono.errors import Refused
from honmono.generation.interpolate import FRAME_MS, between
from honmono.generation.latents.directions import Method
from honmono.generation.load import TrainedRun
from honmono.generation.serving.ask import class_of, model_for
from honmono.runs.images import grid, viewable
from honmono.studio.models import shifted
from honmono.studio.steering import Moves, SteeredAsk


MOST_PLACE = 256  # of a sample among those of its seed


class Way(BaseModel):
    """Two samples, each by the seed and the place in its grid; the rest as of `SteeredAsk`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seeds: tuple[int, int]
    places: tuple[int, int]
    labels: tuple[str, str] = ("", "")
    truncations: tuple[float | None, float | None] = (None, None)
    directions: tuple[Method | None, Method | None] = (None, None)
    moves: tuple[Moves, Moves] = ((), ())
    batch_norm: str | None = None
    sampler_steps: int | None = None
    solver: str | None = None
    guidance: float | None = None
    frames: int = Field(12, ge=2, le=48)

    def end(self, which: int) -> SteeredAsk:
        """The request whose grid contains the sample at one end."""
        shared = {name: getattr(self, name) for name in ("batch_norm", "sampler_steps", "solver", "guidance")}
        return SteeredAsk(
            seed=self.seeds[which],
            label=self.labels[which] or None,
            truncation=self.truncations[which],
            directions=self.directions[which],
            moves=self.moves[which],
            **shared,
        )


def samples_between(trained: TrainedRun, way: Way, shifts: Sequence[np.ndarray | None] = (None, None)) -> Tensor:
    """The samples from the first end to the second, both included. The class changes halfway, a truncation of styles
    steadily.

    shifts: (latent,), by which the latents of the two ends are moved.
    """
    ends = [_latent(trained, way.end(which), way.places[which]) for which in (0, 1)]
    (here, there), (first, second) = zip(*ends, strict=True)
    here, there = shifted(here, shifts[0]), shifted(there, shifts[1])
    model = model_for(trained, way.end(0))
    shares = np.linspace(0, 1, way.frames)
    latents = [between(trained.recipe.latent, here, there, share) for share in shares]
    labels = np.where(shares < 0.5, first, second)
    psi = None
    if model.makes_styles and way.truncations != (None, None):
        near, far = (1.0 if truncation is None else truncation for truncation in way.truncations)
        model, psi = model.with_truncation(near), (1 - shares) * near + shares * far
    return model.at(np.concatenate(latents).astype(np.float32), labels, (way.seeds[0], 0), psi).float().cpu()


def _latent(trained: TrainedRun, ask: SteeredAsk, place: int) -> tuple[np.ndarray, int]:
    """The latent (1, *latent) and the class of the sample at a place among those that were asked for."""
    if not 0 <= place < MOST_PLACE:
        raise Refused(f"places {place}: give 0 to {MOST_PLACE - 1}")
    label = class_of(trained, ask)
    draws = trained.model.with_truncation(ask.truncation).draws(seed=ask.seed, label=label)
    chunk, within = divmod(place, trained.recipe.training.batch_size)
    for _ in range(chunk):
        next(draws)
    latents, labels, _ = next(draws)
    return latents[within : within + 1], int(labels[within])


def film(pictures: Sequence[np.ndarray]) -> bytes:
    """Pictures (channels, height, width) as a looping GIF that goes there and back."""
    frames = [viewable(grid(np.asarray(picture)[None], 1)) for picture in pictures]
    first, *rest = [*frames, *frames[-2:0:-1]]
    buffer = io.BytesIO()
    first.save(buffer, format="GIF", save_all=True, append_images=rest, duration=FRAME_MS, loop=0)
    return buffer.getvalue()
