"""Gaussian mixtures in the plane: the data on which lost modes can be counted."""

import hashlib
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from honmono.data.base import Batch, Data, Dataset
from honmono.errors import Refused
from honmono.randomness import stream


@dataclass(frozen=True, kw_only=True)
class Mixture(Data):
    """Equally likely round Gaussians in the plane, as float32 points without labels.

    sigma: standard deviation of each Gaussian along each axis.
    samples: size of the finite set, whose sample i belongs to mode i % modes, so that counts of modes differ by one at
        most; None for fresh points without end.
    draw_seed: which finite set is drawn; it is no part of the run's seed.
    """

    sigma: float
    samples: int | None = 100_000
    draw_seed: int = 0

    def __post_init__(self) -> None:
        if len(self.means()) == 0:
            raise Refused(f"the data has no modes: {self}; give data.side or data.modes of at least 1")
        if self.sigma <= 0:
            raise Refused(f"data.sigma is {self.sigma}; a standard deviation is above 0")
        if self.samples is not None and self.samples < 1:
            raise Refused(f"data.samples is {self.samples}; give at least 1, or null for points without end")
        if self.limit is not None and self.samples is None:
            raise Refused(f"data.limit is {self.limit}, but points without end have no first ones; set data.samples")
        if self.limit is not None and self.limit < 1:
            raise Refused(f"data.limit is {self.limit}; give at least 1, or null for all points")

    @abstractmethod
    def means(self) -> np.ndarray:
        """The centres of the modes, (modes, 2) float64."""

    def open(self) -> "MixtureDataset":
        """The points; the finite set is the same for equal `means`, `sigma` and `draw_seed`, whatever its size."""
        count = self.samples if self.samples is None or self.limit is None else min(self.samples, self.limit)
        return MixtureDataset(self.means(), self.sigma, count, self.draw_seed)


@dataclass(frozen=True, kw_only=True)
class Grid(Mixture):
    """side x side modes, `spacing` apart and centred on the origin.

    The defaults are the 2D-grid of VEEGAN and PacGAN: means {-4, -2, 0, 2, 4}^2, sigma 0.05, 100,000 samples.
    Source: PacGAN (Lin et al., 2018, arXiv:1712.04086), its public code.
    """

    sigma: float = 0.05
    side: int = 5
    spacing: float = 2.0

    def means(self) -> np.ndarray:
        """The centres, row by row from the lowest x and y: (side * side, 2)."""
        axis = (np.arange(self.side) - (self.side - 1) / 2) * self.spacing
        return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)


@dataclass(frozen=True, kw_only=True)
class Ring(Mixture):
    """`modes` modes at equal angles on a circle around the origin, the first at (radius, 0).

    The defaults are the 2D-ring of the unrolled GAN's demonstration (8 modes, radius 1, sigma 0.01), without its slip:
    `linspace(0, 2 pi, 8)` there puts two modes in one place. Source: Metz et al. (2016), arXiv:1611.02163.
    """

    sigma: float = 0.01
    modes: int = 8
    radius: float = 1.0

    def means(self) -> np.ndarray:
        """The centres, counter-clockwise: (modes, 2)."""
        angle = 2 * np.pi * np.arange(self.modes) / self.modes
        return self.radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


@dataclass(frozen=True, kw_only=True)
class Gaussians(Mixture):
    """Modes wherever you put them: `Gaussians(centres=((0, 0), (3, 1)), sigma=0.1)`."""

    sigma: float = 0.05
    centres: tuple[tuple[float, float], ...] = ((0.0, 0.0),)

    def means(self) -> np.ndarray:
        """The centres in the order given: (modes, 2)."""
        return np.array(self.centres, dtype=float).reshape(-1, 2)


class MixtureDataset(Dataset):
    """Points of a mixture, held where batches are wanted or drawn on demand."""

    sample_shape = (2,)
    classes = ()

    def __init__(self, means: np.ndarray, sigma: float, samples: int | None, draw_seed: int) -> None:
        self._means = means
        self._sigma = sigma
        self.length = samples
        self._points: Tensor | None = None
        self._device = torch.device("cpu")
        self._dtype = torch.float32
        content = repr((means.tolist(), sigma)).encode()
        if samples is not None:
            points = self._around(np.arange(samples) % len(means), stream(draw_seed, "mixture"))
            self._points = torch.from_numpy(points)
            content = points.tobytes()
        self.fingerprint = hashlib.blake2b(content, digest_size=16).hexdigest()

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Moves the points; they keep their float32 values in every wider type."""
        self._device, self._dtype = device, dtype
        if self._points is not None:
            self._points = self._points.to(device, dtype)

    def gather(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        """The points at `indices`, (batch, 2); endless data draws as many from `random` instead."""
        if self._points is not None:
            return Batch(self._points[torch.tensor(indices, device=self._device)], None)
        points = self._around(random.integers(len(self._means), size=len(indices)), random)
        return Batch(torch.from_numpy(points).to(self._device, self._dtype), None)

    def _around(self, mode: np.ndarray, random: np.random.Generator) -> np.ndarray:
        noise = random.standard_normal((len(mode), 2))
        return (self._means[mode] + self._sigma * noise).astype(np.float32)
