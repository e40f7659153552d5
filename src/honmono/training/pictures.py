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
SEED_OFFSET = 1  # a grid's latents are not those that `honmono sample` draws by default
ROWS = 8
MOST_BATCHES = 200  # looked through for a real picture of each class


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
        return POINTS if self._points else self._columns * ROWS

    def real(self) -> Path:
        """Real samples in the order of the run's data; where fakes stand in columns by class, so do these."""
        path = self._run.samples / "real.png"
        self._save(self._by_class() if self._columns == self._classes else self._reals(self._number), path)
        return path

    def _reals(self, number: int) -> Tensor:
        return take((batch.real for batch in self._trainer.reals()), number)

    def _by_class(self) -> Tensor:
        """The first reals of each class in turn; a class that runs short begins again."""
        found: list[list[Tensor]] = [[] for _ in range(self._classes)]
        for batch in islice(self._trainer.reals(), MOST_BATCHES):
            assert batch.label is not None
            for sample, label in zip(batch.real, batch.label.tolist(), strict=True):
                found[label].append(sample)
            if all(len(samples) >= ROWS for samples in found):
                break
        if not all(found):  # a class too rare to wait for
            return self._reals(self._number)
        rows = [samples[row % len(samples)] for row in range(ROWS) for samples in found]
        return torch.stack(rows).float().cpu()

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

            scatter(self._reals(POINTS).numpy(), samples.numpy(), path)
        else:
            data_range = getattr(self._trainer.recipe.data, "range", (-1.0, 1.0))
            save_png(grid(to_uint8(samples, data_range), self._columns), path)


def take(chunks: Iterator[Tensor], number: int) -> Tensor:
    """The first `number` samples of chunks that never end, float32 on the CPU."""
    first = next(chunks)
    more = islice(chunks, -(-number // len(first)) - 1)
    return torch.cat([first, *more])[:number].float().cpu()
