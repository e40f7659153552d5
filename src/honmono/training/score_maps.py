"""What the discriminator thinks of the plane: its scores on a mesh, kept as numbers beside each picture of points."""

import io

import numpy as np
import torch
from torch import Tensor

from honmono.data.mixtures import Mixture
from honmono.files import atomic_write_bytes
from honmono.generation.sampling import fakes, take
from honmono.networks.batch_norm import sampling
from honmono.objectives.coulomb import Coulomb, potential
from honmono.reports.figures.points import POINTS, window
from honmono.runs.directory import RunDirectory
from honmono.training.sample_grids import SEED_OFFSET
from honmono.training.trainer import Trainer


REALS = 10_000  # kept, once in a run
MESH = 101  # places along each axis
CHUNK = 1_024  # places whose potential is taken at a time


class ScoreMaps:
    """Keeps `samples/real.npz` and `samples/<step>.npz` of a run on points in the plane; of other runs nothing.

    Conditional and packing discriminators score no bare point, and have no landscape.
    """

    def __init__(self, trainer: Trainer, run: RunDirectory) -> None:
        recipe, self._trainer, self._run = trainer.recipe, trainer, run
        self._drawn = trainer.data_spec.sample_shape == (2,) and not recipe.conditional and recipe.objective.pack == 1

    def real(self) -> None:
        """Reals in the order of the run's data (`points`), and of how many Gaussians they are (`modes`; 0: none)."""
        if not self._drawn:
            return
        data = self._trainer.recipe.data
        modes = len(data.means()) if isinstance(data, Mixture) else 0
        self._write("real", points=self._reals(REALS).numpy(), modes=np.array(modes))

    def fake(self, step: int) -> None:
        """`points`, fakes; `low`, `high`, corners of the mesh; on it `scores`, and `potential` where charges make one.

        scores[i, j] is at the i-th second coordinate and the j-th first one.
        """
        if not self._drawn:
            return
        trainer, reals = self._trainer, self._reals(POINTS)
        low, high = window(reals.numpy())
        axes = [torch.linspace(low[i], high[i], MESH) for i in (0, 1)]
        second, first = torch.meshgrid(axes[1], axes[0], indexing="ij")
        places = torch.stack([first, second], dim=-1).reshape(-1, 2)
        made = fakes(trainer.sampler(), trainer.recipe, 0, seed=trainer.recipe.training.seed + SEED_OFFSET)
        points = take(made, POINTS).float().cpu()
        kept = {"points": points, "low": low, "high": high, "scores": self._scores(places)}
        objective = trainer.recipe.objective
        if isinstance(objective, Coulomb):
            eps = objective.eps * objective.schedule.at(trainer.clock.images)
            parts = [potential(p, points, reals, eps, objective.dimension) for p in places.split(CHUNK)]
            kept["potential"] = torch.cat(parts).reshape(MESH, MESH)
        self._write(f"{step:09d}", **{name: np.asarray(value, np.float32) for name, value in kept.items()})

    @torch.no_grad()
    def _scores(self, places: Tensor) -> Tensor:
        discriminator = self._trainer.networks["discriminator"]
        weight = next(discriminator.parameters())
        with sampling(discriminator, "running"):
            scores = discriminator(places.to(weight.device, weight.dtype), None)
        # Over outcomes: where the distribution's mean lies, from the least real (0) to the most (1).
        if scores.dim() == 2:
            scores = scores.softmax(1) @ torch.linspace(0, 1, scores.shape[1]).to(scores)
        return scores.float().cpu().reshape(MESH, MESH)

    def _reals(self, number: int) -> Tensor:
        """As many, or all of a smaller data set."""
        number = min(number, self._trainer.epoch_images or number)
        return take((batch.real for batch in self._trainer.reals()), number).float().cpu()

    def _write(self, name: str, **arrays: np.ndarray) -> None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        atomic_write_bytes(self._run.samples / f"{name}.npz", buffer.getvalue())
