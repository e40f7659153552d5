"""Drawing fakes from a generator, in chunks of one size, so that sample i never depends on how many are asked for."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.networks.batch_norm import SamplingMode, sampling
from honmono.randomness import stream
from honmono.recipe.latents import Latent, Normal
from honmono.recipe.value import Recipe


LEAST_TRUNCATION = 0.01  # below it, drawing again until all numbers are within takes too long


@final
class ReadyGenerator(nn.Module):
    """A generator as its recipe samples from it: in evaluation mode, its batch norms in the recipe's sampling mode.

    No call changes it: no buffer moves, and the mode that anyone sets on the raw generator has no effect on samples.
    """

    def __init__(self, raw: nn.Module, mode: SamplingMode) -> None:
        super().__init__()
        self.raw = raw
        self.mode: SamplingMode = mode
        self.training = False  # of this module only: the raw one keeps its own mode

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """The samples of latents (batch, latent) and labels (batch,), which may come from any device, in any type."""
        weight = next(self.raw.parameters())
        label = None if label is None else label.to(weight.device, torch.int64)
        with sampling(self.raw, self.mode):
            return self.raw(latent.to(weight.device, weight.dtype), label)


def fakes(
    generator: nn.Module,
    recipe: Recipe,
    num_classes: int,
    *,
    seed: int,
    label: int | None = None,
    truncation: float | None = None,
    share: int = 1,
    turn: Sequence[int] | None = None,
) -> Iterator[Tensor]:
    """Fakes without end, in chunks of the recipe's batch size (chunk, *sample_shape), on the generator's device.

    label: one class for all; None: the classes in turn, or those of `turn` alone.
    truncation: the largest latent, for normal latents.
    share: so many samples in a row have one latent: sample i has the one that sample i // share has with 1.
    Batch norm acts as the recipe's `sampling` says; no buffer of the generator changes.
    """
    chunk = recipe.training.batch_size
    for number in count():
        places = np.arange(number * chunk, (number + 1) * chunk)
        at, within = np.divmod(places // share, chunk)
        drawn = {
            n: latents(recipe.latent, stream(seed, "sample", n), chunk, truncation) for n in np.unique(at).tolist()
        }
        latent = np.stack([drawn[n][place] for n, place in zip(at.tolist(), within.tolist(), strict=True)])
        classes = np.arange(max(num_classes, 1)) if turn is None else np.array(turn)
        labels = np.full(chunk, label) if label is not None else classes[places % len(classes)]
        yield generate(generator, recipe, latent, labels if recipe.conditional else None)


def take(chunks: Iterator[Tensor], number: int) -> Tensor:
    """The first `number` samples of chunks that never end, whatever the chunks' sizes."""
    taken, missing = [], number
    while missing > 0:
        taken.append(next(chunks)[:missing])
        missing -= len(taken[-1])
    return torch.cat(taken)


@torch.no_grad()
def generate(generator: nn.Module, recipe: Recipe, latent: np.ndarray, labels: np.ndarray | None) -> Tensor:
    """The fakes of these latents (batch, latent) and labels (batch,), in float32 arithmetic or the generator's own."""
    label = None if labels is None else torch.from_numpy(labels.astype(np.int64))
    return ReadyGenerator(generator, recipe.sampling)(torch.from_numpy(latent), label)


def latents(latent: Latent, random: np.random.Generator, number: int, truncation: float | None) -> np.ndarray:
    """Latents (number, latent); those beyond a truncation are drawn again (Brock et al., arXiv:1809.11096)."""
    z = latent.draw(random, number)
    if truncation is None:
        return z
    if not isinstance(latent, Normal):
        raise Refused("--truncation cuts normal latents, and this recipe's latents have bounds already: leave it out")
    if not truncation >= LEAST_TRUNCATION:
        raise Refused(f"--truncation {truncation}: it must be at least {LEAST_TRUNCATION} (0.5 to 2 is usual)")
    while (beyond := np.abs(z) > truncation).any():
        z[beyond] = random.standard_normal(int(beyond.sum()), dtype=np.float32)
    return z
