"""The discriminator's scores on a mesh in the plane, saved with each scatter plot of points."""

import io

import numpy as np
import torch
from torch import Tensor

from honmono.data.mixtures import Mixture
from honmono.files import atomic_write_bytes
from honmono.generation.model import take
from honmono.networks.batch_norm import sampling
from honmono.objectives.coulomb import Coulomb, potential
from honmono.reports.figures.points import POINTS, window
from honmono.runs.directory import RunDirectory
from honmono.training.sample_grids import SEED_OFFSET
from honmono.training.trainer import Trainer


REALS = 10_000  # saved once per run
MESH = 101  # mesh points along each axis
CHUNK = 1_024  # mesh points whose potential is computed at a time


class ScoreMaps:
    """Writes `samples/real.npz` and `samples/<step>.npz` of a run on points in the plane; nothing for other runs.

    Nor without a discriminator, or for conditional or packing ones, which do not score a single point.
    """

    def __init__(self, trainer: Trainer, run: RunDirectory) -> None:
        recipe, self._trainer, self._run = trainer.recipe, trainer, run
        scores_points = "discriminator" in trainer.networks and not recipe.conditional and recipe.objective.pack == 1
        self._enabled = trainer.data_spec.sample_shape == (2,) and scores_points

    def real(self) -> None:
        """Writes real samples (`points`) and the number of Gaussians of their mixture (`modes`; 0: no mixture)."""
        if not self._enabled:
            return
        data = self._trainer.recipe.data
        modes = len(data.means()) if isinstance(data, Mixture) else 0
        self._write("real", points=self._reals(REALS).numpy(), modes=np.array(modes))

    def fake(self, step: int) -> None:
        """Writes fakes (`points`), corners of the mesh (`low`, `high`), and `scores` on it; for Coulomb also
        `potential`.

        scores[i, j] belongs to the i-th value of the second coordinate and the j-th of the first.
        """
        if not self._enabled:
            return
        trainer, reals = self._trainer, self._reals(POINTS)
        low, high = window(reals.numpy())
        axes = [torch.linspace(low[i], high[i], MESH) for i in (0, 1)]
        second, first = torch.meshgrid(axes[1], axes[0], indexing="ij")
        positions = torch.stack([first, second], dim=-1).reshape(-1, 2)
        made = trainer.model().fakes(seed=trainer.recipe.training.seed + SEED_OFFSET)
        points = take(made, POINTS).float().cpu()
        kept = {"points": points, "low": low, "high": high, "scores": self._scores(positions)}
        objective = trainer.recipe.objective
        if isinstance(objective, Coulomb):
            eps = objective.eps * objective.schedule.at(trainer.clock.images)
            parts = [potential(p, points, reals, eps, objective.dimension) for p in positions.split(CHUNK)]
            kept["potential"] = torch.cat(parts).reshape(MESH, MESH)
        self._write(f"{step:09d}", **{name: np.asarray(value, np.float32) for name, value in kept.items()})

    @torch.no_grad()
    def _scores(self, positions: Tensor) -> Tensor:
        discriminator = self._trainer.networks["discriminator"]
        weight = next(discriminator.parameters())
        with sampling(discriminator, "running"):
            scores = discriminator(positions.to(weight.device, weight.dtype), None)
        # With several outcomes: the mean of their distribution, from the least real (0) to the most real (1).
        if scores.dim() == 2:
            scores = scores.softmax(1) @ torch.linspace(0, 1, scores.shape[1]).to(scores)
        return scores.float().cpu().reshape(MESH, MESH)

    def _reals(self, number: int) -> Tensor:
        """The first `number` real samples, or all of a smaller data set."""
        number = min(number, self._trainer.epoch_images or number)
        return take((batch.real for batch in self._trainer.reals()), number).float().cpu()

    def _write(self, name: str, **arrays: np.ndarray) -> None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        atomic_write_bytes(self._run.samples / f"{name}.npz", buffer.getvalue())
