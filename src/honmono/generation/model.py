"""A generator with all that is needed to sample from it.

Fakes come in chunks of one size, so that sample i never depends on how many follow.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from math import inf
from typing import Literal, final, get_args

import numpy as np
import torch
from torch import Tensor, nn

from honmono.data.base import DataSpec
from honmono.errors import Refused
from honmono.generation.mean_styles import mean_styles
from honmono.networks.batch_norm import SamplingMode, sampling
from honmono.networks.styles import StyleGenerator
from honmono.randomness import stream
from honmono.recipe.latents import Latent, Normal
from honmono.recipe.samplers import DiffusionOutput, Sampler, Stepwise, changed
from honmono.recipe.value import Recipe
from honmono.runs.images import to_uint8


Weights = Literal["average", "raw"]
LEAST_TRUNCATION = 0.01  # below it, resampling takes too long


@final
class ReadyGenerator(nn.Module):
    """A generator in evaluation mode and its sampler, with its batch norms in the recipe's sampling mode.

    A call changes no buffer, and the mode of the raw generator has no effect on samples.
    """

    def __init__(self, raw: nn.Module, recipe: Recipe, sampler: Sampler, means: Tensor | None = None) -> None:
        super().__init__()
        self.raw, self.sampler, self.means = raw, sampler, means
        self.mode: SamplingMode = recipe.sampling
        self.schedule = recipe.objective.noise_schedule()
        self.returns: DiffusionOutput = recipe.objective.network_returns()
        self.training = False  # of this module only, not of the raw generator

    def forward(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        noise: tuple[int, int] = (0, 0),
        psi: Tensor | None = None,
    ) -> Tensor:
        """The samples of latents (batch, *latent) and labels (batch,), on any device and of any type.

        noise: a seed and a number, which choose the noise of samplers that add some.
        psi: (batch,), how far styles are from their means, of generators that make styles; None: as far as they are.
        """
        weight = next(self.raw.parameters())
        label = None if label is None else label.to(weight.device, torch.int64)
        latent = latent.to(weight.device, weight.dtype)

        def draw(step: int) -> Tensor:
            return torch.from_numpy(step_noise(noise, step, tuple(latent.shape))).to(latent)

        with sampling(self.raw, self.mode):
            if isinstance(self.sampler, Stepwise):
                return self.sampler(self.raw, latent, label, schedule=self.schedule, draw=draw, returns=self.returns)
            if psi is None:
                return self.raw(latent, label)
            assert isinstance(self.raw, StyleGenerator) and self.means is not None
            return self.raw.pictures(self.raw.truncated(latent, label, self.means, psi.to(latent)))


@final
@dataclass(frozen=True)
class Model:
    """A generator, the recipe that it was made by, and what it makes.

    generator: the network itself, on its device, in whatever mode its owner keeps it.
    data_spec: shape of a sample and the classes of the data. weights: "average" where it is the averaged generator.
    chosen: a sampler in place of the recipe's; None: the recipe's.
    truncation: the largest latent, for normal latents; of a generator that makes styles how far they are from their
        means; None: any, and as far as they are.
    means: the mean styles, if they are known already.
    """

    generator: nn.Module
    recipe: Recipe
    data_spec: DataSpec
    weights: Weights = "raw"
    chosen: Sampler | None = None
    truncation: float | None = None
    means: Tensor | None = field(default=None, compare=False, repr=False)

    @property
    def sampler(self) -> Sampler:
        """How samples come from the generator."""
        return self.recipe.sampler if self.chosen is None else self.chosen

    @cached_property
    def ready(self) -> ReadyGenerator:
        """A module that returns the samples of latents (batch, *latent) and labels (batch,)."""
        means = self.mean_styles if self.makes_styles and self.truncation is not None else None
        return ReadyGenerator(self.generator, self.recipe, self.sampler, means)

    @property
    def makes_styles(self) -> bool:
        """Whether its pictures have styles, which can be mixed and truncated."""
        return isinstance(self.generator, StyleGenerator)

    @cached_property
    def mean_styles(self) -> Tensor:
        """The mean styles of each class, (classes, styles, width)."""
        assert isinstance(self.generator, StyleGenerator)
        if self.means is not None:
            return self.means
        return mean_styles(self.generator, self.recipe.latent, self.data_spec.sample_shape, len(self.classes))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that the generator takes labels of; () where it takes none."""
        return self.data_spec.classes if self.recipe.conditional else ()

    @property
    def range(self) -> tuple[float, float] | None:
        """The values of black and white; None for points."""
        pictures = len(self.data_spec.sample_shape) == 3
        return getattr(self.recipe.data, "range", (-1.0, 1.0)) if pictures else None

    def pictures(self, samples: Tensor) -> np.ndarray:
        """Samples (number, channels, height, width) as uint8 pictures. Raises `Refused` for points."""
        if self.range is None:
            raise Refused("this recipe makes points, which are no pictures: take its samples as they are")
        return to_uint8(samples, self.range)

    def with_batch_norm(self, mode: str) -> "Model":
        """The same generator, sampled with batch norm in another mode: "running", "batch" or "identity"."""
        if mode not in get_args(SamplingMode):
            raise Refused(f"--batch-norm {mode}: give one of {', '.join(get_args(SamplingMode))}")
        return self if mode == self.recipe.sampling else replace(self, recipe=replace(self.recipe, sampling=mode))

    def with_sampler(
        self, *, steps: int | None = None, solver: str | None = None, guidance: float | None = None
    ) -> "Model":
        """The same generator, sampled in other steps, by another ODE solver, or with other guidance by its labels."""
        sampler = changed(self.sampler, steps=steps, solver=solver, guidance=guidance)
        return replace(self, chosen=None if sampler == self.recipe.sampler else sampler)

    def with_truncation(self, truncation: float | None) -> "Model":
        """The same generator, with latents no larger than this; where it makes styles, with these so far from their
        means: at 0 all samples of a class are its mean picture, at 1 they are as they were."""
        if truncation is None or not self.makes_styles:
            return replace(self, truncation=truncation)
        if not 0 <= truncation < inf:
            raise Refused(f"--truncation {truncation}: give a number from 0 on (0.5 to 1 is usual)")
        return replace(self, truncation=truncation, means=self.mean_styles)

    def fakes(
        self, *, seed: int, label: int | None = None, share: int = 1, turn: Sequence[int] | None = None
    ) -> Iterator[Tensor]:
        """An endless iterator over chunks of fakes, (batch size, *sample_shape), on the generator's device.

        label: the class of all fakes; None: the classes in turn.
        share: the number of samples in a row with one latent: sample i has the one that sample i // share has with 1.
        turn: the classes to use in turn; None: all.
        Batch norm is in the recipe's sampling mode; no buffer of the generator changes.
        """
        draws = self.draws(seed=seed, label=label, share=share, turn=turn)
        return (self.at(latent, labels, noise) for latent, labels, noise in draws)

    def draws(
        self, *, seed: int, label: int | None = None, share: int = 1, turn: Sequence[int] | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[int, int]]]:
        """What `fakes` makes each chunk from, as `at` takes it: latents, labels, the noise's seed and number."""
        chunk = self.recipe.training.batch_size
        for number in count():
            places = np.arange(number * chunk, (number + 1) * chunk)
            at, within = np.divmod(places // share, chunk)
            drawn = {n: self._latents(stream(seed, "sample", n), chunk) for n in np.unique(at).tolist()}
            latent = np.stack([drawn[n][place] for n, place in zip(at.tolist(), within.tolist(), strict=True)])
            classes = np.arange(max(len(self.classes), 1)) if turn is None else np.array(turn)
            labels = np.full(chunk, label) if label is not None else classes[places % len(classes)]
            yield latent, labels, (seed, number)

    @torch.no_grad()
    def at(
        self,
        latent: np.ndarray,
        labels: np.ndarray | None = None,
        noise: tuple[int, int] = (0, 0),
        psi: np.ndarray | None = None,
    ) -> Tensor:
        """The fakes of latents (batch, *latent) and labels (batch,), on the generator's device and in its type.

        Labels are ignored where the recipe is not conditional. noise, psi: as for `ReadyGenerator`, psi in place of the
        truncation.
        """
        if not self.recipe.conditional:
            labels = None
        label = None if labels is None else torch.from_numpy(labels.astype(np.int64))
        if psi is None and self.makes_styles and self.truncation is not None:
            psi = np.full(len(latent), self.truncation)
        return self.ready(torch.from_numpy(latent), label, noise, None if psi is None else torch.from_numpy(psi))

    def _latents(self, random: np.random.Generator, number: int) -> np.ndarray:
        largest = None if self.makes_styles else self.truncation
        return latents(self.recipe.latent, random, number, self.data_spec.sample_shape, largest)


def step_noise(noise: tuple[int, int], step: int, shape: tuple[int, ...]) -> np.ndarray:
    """What a sampler adds in a step, N(0, 1), to a batch of samples. noise: a seed and a number."""
    return stream(noise[0], "sampler", noise[1], step).standard_normal(shape, dtype=np.float32)


def take(chunks: Iterator[Tensor], number: int) -> Tensor:
    """The first `number` samples of an endless iterator over chunks of any sizes."""
    taken, missing = [], number
    while missing > 0:
        taken.append(next(chunks)[:missing])
        missing -= len(taken[-1])
    return torch.cat(taken)


def latents(
    latent: Latent, random: np.random.Generator, number: int, sample_shape: tuple[int, ...], truncation: float | None
) -> np.ndarray:
    """Latents (number, *latent); values beyond the truncation are resampled (Brock et al., arXiv:1809.11096)."""
    z = latent.draw(random, number, sample_shape)
    if truncation is None:
        return z
    if not isinstance(latent, Normal):
        raise Refused("--truncation needs the normal latents of a GAN, and this recipe has others: omit it")
    if not truncation >= LEAST_TRUNCATION:
        raise Refused(f"--truncation {truncation}: give at least {LEAST_TRUNCATION} (0.5 to 2 is usual)")
    while (beyond := np.abs(z) > truncation).any():
        z[beyond] = random.standard_normal(int(beyond.sum()), dtype=np.float32)
    return z
