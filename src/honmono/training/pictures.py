"""A run's pictures: grids of fixed latents and labels (points: scatters), so that the frames make a film."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from honmono.runs.directory import RunDirectory
from honmono.runs.grids import grid, save_png, to_uint8
from honmono.sampling import fakes
from honmono.training.trainer import Trainer


POINTS = 2_500  # drawn in a scatter, as many as mode coverage is measured on
SEED_OFFSET = 1  # the grids' latents are those of `honmono sample --seed` one above the run's


class Pictured:
    """Makes `samples/real.png` and `samples/<step>.png` of one run."""

    def __init__(self, trainer: Trainer, run: RunDirectory) -> None:
        self._trainer, self._run = trainer, run
        classes = len(trainer.interface.classes) if trainer.recipe.conditional else 0
        self._classes = classes
        self._columns = classes if 2 <= classes <= 16 else 8
        self._points = len(trainer.interface.sample_shape) == 1

    @property
    def _number(self) -> int:
        return POINTS if self._points else self._columns * 8

    def real(self) -> Path:
        """Real samples, in the order of the run's data."""
        path = self._run.samples / "real.png"
        self._save(take(self._trainer.reals(), self._number), path)
        return path

    def fake(self, step: int) -> Path:
        """The generator's samples (the averaged one's where the recipe averages)."""
        trainer, path = self._trainer, self._run.sample(step)
        seed = trainer.recipe.training.seed + SEED_OFFSET
        made = fakes(trainer.sampler(), trainer.recipe, self._classes, seed=seed)
        self._save(take(made, self._number), path)
        return path

    def _save(self, samples: Tensor, path: Path) -> None:
        if self._points:
            from honmono.plots.points import scatter

            real = take(self._trainer.reals(), POINTS)
            scatter(real.numpy(), samples.numpy(), path)
        else:
            data_range = getattr(self._trainer.recipe.data, "range", (-1.0, 1.0))
            save_png(grid(to_uint8(samples, data_range), self._columns), path)


def take(chunks: Iterator[Tensor], number: int) -> Tensor:
    """The first `number` samples of chunks that never end, float32 on the CPU."""
    first = next(chunks)
    more = islice(chunks, -(-number // len(first)) - 1)
    return torch.cat([first, *more])[:number].float().cpu()
