"""A run's pictures: grids of fixed latents and labels (points: scatters), so that the frames make a film.

Which grids there are is the recipe's to say (`Recipe.grids`).
"""

import csv
import io
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from honmono.files import atomic_write_bytes
from honmono.generation.sampling import fakes, take
from honmono.randomness import stream
from honmono.recipe.grids import SampleGrid
from honmono.reports.figures.points import POINTS
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.images import grid, save_png, to_uint8
from honmono.training.classes import columns, counts
from honmono.training.trainer import Trainer


SEED_OFFSET = 1  # a grid's latents are not those that `honmono sample` draws by default
MOST_BATCHES = 200  # looked through for a real picture of each class


class SampleGrids:
    """Makes `samples/real.png`, `samples/<step>.png` and `samples/<step>-<name>.png` of one run."""

    def __init__(self, trainer: Trainer, run: RunDirectory) -> None:
        self._trainer, self._run = trainer, run
        self._classes = len(trainer.data_spec.classes) if trainer.recipe.conditional else 0
        self._shown = columns(trainer)  # of the classes
        self._points = len(trainer.data_spec.sample_shape) == 1

    def _columns(self, shown: SampleGrid) -> int:
        return shown.columns or (len(self._shown) if len(self._shown) > 1 else 8)

    def _number(self, shown: SampleGrid) -> int:
        return POINTS if self._points else self._columns(shown) * shown.rows

    def real(self) -> Path:
        """Real samples in the order of the run's data; where fakes stand in columns by class, so do these."""
        path, first = self._run.samples / "real.png", self._trainer.recipe.grids[0]
        if self._points:
            self._scatter(None, path)
            return path
        self.classes()
        wide = self._columns(first)
        by_class = wide == len(self._shown)
        self._save(self._by_class(first.rows) if by_class else self._reals(self._number(first)), wide, path)
        return path

    def _reals(self, number: int) -> Tensor:
        return take((batch.real for batch in self._trainer.reals()), number).float().cpu()

    def _by_class(self, rows: int) -> Tensor:
        """The first reals of each class shown, in turn; a class that runs short begins again."""
        found: dict[int, list[Tensor]] = {label: [] for label in self._shown}
        for batch in islice(self._trainer.reals(), MOST_BATCHES):
            assert batch.label is not None
            for sample, label in zip(batch.real, batch.label.tolist(), strict=True):
                found.get(label, []).append(sample)
            if all(len(samples) >= rows for samples in found.values()):
                break
        found |= {label: self._stored(label, rows) for label, samples in found.items() if not samples}
        if not all(found.values()):  # a class without a picture
            return self._reals(rows * len(self._shown))
        return (
            torch.stack([samples[row % len(samples)] for row in range(rows) for samples in found.values()])
            .float()
            .cpu()
        )

    def _stored(self, label: int, rows: int) -> list[Tensor]:
        """The first of a class as they are stored: it is too rare to wait for."""
        dataset = self._trainer.dataset
        places = np.arange(0) if dataset.labels is None else np.flatnonzero(dataset.labels == label)[:rows]
        return [*dataset.gather(places, stream(0, "reals of a class")).real] if len(places) else []

    def classes(self) -> None:
        """`samples/classes.txt`: which class each column shows, its pictures, and its label fidelity once measured."""
        if not self._shown or self._columns(self._trainer.recipe.grids[0]) != len(self._shown):
            return
        names, of_class = self._trainer.data_spec.classes, counts(self._trainer)
        lines = evaluations.read(self._run)
        measured = lines[-1]["metrics"] if lines else {}
        text = io.StringIO()
        table = csv.writer(text, delimiter="\t", lineterminator="\n")
        table.writerow(["column", "class", "pictures", "label_fidelity"])
        for column, name in enumerate((names[label] for label in self._shown), start=1):
            ending = f"].{name}"
            fidelity = [v for key, v in measured.items() if key.startswith("label_fidelity[") and key.endswith(ending)]
            table.writerow([column, name, of_class.get(name, ""), *fidelity])
        atomic_write_bytes(self._run.samples / "classes.txt", text.getvalue().encode(errors="surrogateescape"))

    def fake(self, step: int) -> Path:
        """The generator's samples (the averaged one's where the recipe averages), in every grid; returns the first."""
        trainer, recipe = self._trainer, self._trainer.recipe
        for shown in recipe.grids:
            wide, number = self._columns(shown), self._number(shown)
            share = {"each": 1, "row": wide, "one": number}[shown.latent]
            seed = recipe.training.seed + SEED_OFFSET
            shown_as = replace(recipe, sampling=shown.sampling or recipe.sampling)
            turn = self._shown if wide == len(self._shown) else None
            made = fakes(trainer.sampler(), shown_as, self._classes, seed=seed, share=share, turn=turn)
            self._save(take(made, number).float().cpu(), wide, self._run.sample(step, shown.name))
        return self._run.sample(step)

    def _save(self, samples: Tensor, columns: int, path: Path) -> None:
        if self._points:
            self._scatter(samples, path)
        else:
            data_range = getattr(self._trainer.recipe.data, "range", (-1.0, 1.0))
            save_png(grid(to_uint8(samples, data_range), columns), path)

    def _scatter(self, fakes: Tensor | None, path: Path) -> None:
        from honmono.reports.figures.points import scatter

        scatter(self._reals(POINTS).numpy(), None if fakes is None else fakes.numpy(), path)
