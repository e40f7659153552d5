"""Sample grids of a run (for points: scatter plots), with fixed latents and labels, as `Recipe.grids` defines them."""

import csv
import io
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from honmono.files import atomic_write_bytes
from honmono.generation.model import take
from honmono.randomness import stream
from honmono.recipe.grids import SampleGrid
from honmono.reports.figures.points import POINTS
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.images import grid, own_range, save_png, to_uint8, viewable
from honmono.training.classes import columns, counts
from honmono.training.trainer import Trainer


SEED_OFFSET = 1  # so that grids have other latents than `honmono sample` by default
MOST_BATCHES = 200  # searched for real pictures of each class


def pixels(samples: Tensor, sample_grid: SampleGrid, value_range: tuple[float, float]) -> np.ndarray:
    """Samples (number, channels, height, width) as the uint8 pictures of a grid; value_range: of the data."""
    value_range = own_range(samples) if sample_grid.stretch else value_range
    return to_uint8(samples, value_range, sample_grid.offset, sample_grid.rounding)


class SampleGrids:
    """Writes `samples/real.png`, `samples/<step>.png` and `samples/<step>-<name>.png` of one run."""

    def __init__(self, trainer: Trainer, run: RunDirectory) -> None:
        self._trainer, self._run = trainer, run
        self._classes = len(trainer.data_spec.classes) if trainer.recipe.conditional else 0
        self._labels = columns(trainer)  # the classes that grids show
        self._points = len(trainer.data_spec.sample_shape) == 1

    def _columns(self, sample_grid: SampleGrid) -> int:
        return sample_grid.columns or (len(self._labels) if len(self._labels) > 1 else 8)

    def _number(self, sample_grid: SampleGrid) -> int:
        return POINTS if self._points else self._columns(sample_grid) * sample_grid.rows

    def real(self) -> Path:
        """Real samples in training order; in columns by class if the first grid is."""
        path, first = self._run.samples / "real.png", self._trainer.recipe.grids[0]
        if self._points:
            self._scatter(None, path)
            return path
        self.classes()
        wide = self._columns(first)
        by_class = wide == len(self._labels)
        reals = self._by_class(first.rows) if by_class else self._reals(self._number(first))
        save_png(viewable(grid(self._trainer.model().pictures(reals), wide)), path)
        return path

    def _reals(self, number: int) -> Tensor:
        return take((batch.real for batch in self._trainer.reals()), number).float().cpu()

    def _by_class(self, rows: int) -> Tensor:
        """The first real samples of each shown class, one row after the other; a class with too few repeats them."""
        found: dict[int, list[Tensor]] = {label: [] for label in self._labels}
        for batch in islice(self._trainer.reals(), MOST_BATCHES):
            assert batch.label is not None
            for sample, label in zip(batch.real, batch.label.tolist(), strict=True):
                found.get(label, []).append(sample)
            if all(len(samples) >= rows for samples in found.values()):
                break
        found |= {label: self._stored(label, rows) for label, samples in found.items() if not samples}
        if not all(found.values()):  # a class without pictures
            return self._reals(rows * len(self._labels))
        return (
            torch.stack([samples[row % len(samples)] for row in range(rows) for samples in found.values()])
            .float()
            .cpu()
        )

    def _stored(self, label: int, rows: int) -> list[Tensor]:
        """The first stored samples of a class that is too rare to occur in the searched batches."""
        dataset = self._trainer.dataset
        places = np.arange(0) if dataset.labels is None else np.flatnonzero(dataset.labels == label)[:rows]
        return [*dataset.gather(places, stream(0, "reals of a class")).real] if len(places) else []

    def classes(self) -> None:
        """Writes `samples/classes.txt`: the class of each column, its number of pictures, and its label fidelity if
        measured."""
        if not self._labels or self._columns(self._trainer.recipe.grids[0]) != len(self._labels):
            return
        names, of_class = self._trainer.data_spec.classes, counts(self._trainer)
        lines = evaluations.read(self._run)
        measured = lines[-1]["metrics"] if lines else {}
        text = io.StringIO()
        table = csv.writer(text, delimiter="\t", lineterminator="\n")
        table.writerow(["column", "class", "pictures", "label_fidelity"])
        for column, name in enumerate((names[label] for label in self._labels), start=1):
            ending = f"].{name}"
            fidelity = [v for key, v in measured.items() if key.startswith("label_fidelity[") and key.endswith(ending)]
            table.writerow([column, name, of_class.get(name, ""), *fidelity])
        atomic_write_bytes(self._run.samples / "classes.txt", text.getvalue().encode(errors="surrogateescape"))

    def fake(self, step: int) -> Path:
        """Writes every grid with samples of the generator, averaged if the recipe averages; returns the first one's
        path."""
        trainer, recipe = self._trainer, self._trainer.recipe
        for sample_grid in recipe.grids:
            wide, number = self._columns(sample_grid), self._number(sample_grid)
            share = {"each": 1, "row": wide, "one": number}[sample_grid.latent]
            seed = recipe.training.seed + SEED_OFFSET
            model = trainer.model().with_batch_norm(sample_grid.sampling or recipe.sampling)
            turn = self._labels if wide == len(self._labels) else None
            made = model.fakes(seed=seed, share=share, turn=turn)
            samples, path = take(made, number).float().cpu(), self._run.sample(step, sample_grid.name)
            if self._points:
                self._scatter(samples, path)
            else:
                assert model.range is not None
                save_png(viewable(grid(pixels(samples, sample_grid, model.range), wide)), path)
        return self._run.sample(step)

    def _scatter(self, fakes: Tensor | None, path: Path) -> None:
        from honmono.reports.figures.points import scatter

        scatter(self._reals(POINTS).numpy(), None if fakes is None else fakes.numpy(), path)
