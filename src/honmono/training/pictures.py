"""A run's pictures: grids of fixed latents and labels (points: scatters), so that the frames make a film.

Which grids there are is the recipe's to say (`Recipe.grids`).
"""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from honmono.grids import SampleGrid
from honmono.runs.directory import RunDirectory
from honmono.runs.grids import grid, save_png, to_uint8
from honmono.sampling import fakes, take
from honmono.training.trainer import Trainer


POINTS = 2_500  # drawn in a scatter, as many as mode coverage is measured on
SEED_OFFSET = 1  # a grid's latents are not those that `honmono sample` draws by default
MOST_BATCHES = 200  # looked through for a real picture of each class


class Pictured:
    """Makes `samples/real.png`, `samples/<step>.png` and `samples/<step>-<name>.png` of one run."""

    def __init__(self, trainer: Trainer, run: RunDirectory) -> None:
        self._trainer, self._run = trainer, run
        classes = len(trainer.interface.classes) if trainer.recipe.conditional else 0
        self._classes = classes
        self._points = len(trainer.interface.sample_shape) == 1

    def _columns(self, shown: SampleGrid) -> int:
        return shown.columns or (self._classes if 2 <= self._classes <= 16 else 8)

    def _number(self, shown: SampleGrid) -> int:
        return POINTS if self._points else self._columns(shown) * shown.rows

    def real(self) -> Path:
        """Real samples in the order of the run's data; where fakes stand in columns by class, so do these."""
        path, first = self._run.samples / "real.png", self._trainer.recipe.grids[0]
        if self._points:
            self._scatter(None, path)
            return path
        columns = self._columns(first)
        by_class = columns == self._classes
        self._save(self._by_class(first.rows) if by_class else self._reals(self._number(first)), columns, path)
        return path

    def _reals(self, number: int) -> Tensor:
        return take((batch.real for batch in self._trainer.reals()), number).float().cpu()

    def _by_class(self, rows: int) -> Tensor:
        """The first reals of each class in turn; a class that runs short begins again."""
        found: list[list[Tensor]] = [[] for _ in range(self._classes)]
        for batch in islice(self._trainer.reals(), MOST_BATCHES):
            assert batch.label is not None
            for sample, label in zip(batch.real, batch.label.tolist(), strict=True):
                found[label].append(sample)
            if all(len(samples) >= rows for samples in found):
                break
        if not all(found):  # a class too rare to wait for
            return self._reals(rows * self._classes)
        return torch.stack([samples[row % len(samples)] for row in range(rows) for samples in found]).float().cpu()

    def fake(self, step: int) -> Path:
        """The generator's samples (the averaged one's where the recipe averages), in every grid; returns the first."""
        trainer, recipe = self._trainer, self._trainer.recipe
        for shown in recipe.grids:
            columns, number = self._columns(shown), self._number(shown)
            share = {"each": 1, "row": columns, "one": number}[shown.latent]
            seed = recipe.training.seed + SEED_OFFSET
            shown_as = replace(recipe, sampling=shown.sampling or recipe.sampling)
            made = fakes(trainer.sampler(), shown_as, self._classes, seed=seed, share=share)
            self._save(take(made, number).float().cpu(), columns, self._run.sample(step, shown.name))
        return self._run.sample(step)

    def _save(self, samples: Tensor, columns: int, path: Path) -> None:
        if self._points:
            self._scatter(samples, path)
        else:
            data_range = getattr(self._trainer.recipe.data, "range", (-1.0, 1.0))
            save_png(grid(to_uint8(samples, data_range), columns), path)

    def _scatter(self, fakes: Tensor | None, path: Path) -> None:
        from honmono.plots.points import scatter

        scatter(self._reals(POINTS).numpy(), None if fakes is None else fakes.numpy(), path)
