"""Drawing fakes from a generator, in chunks of one size, so that sample i never depends on how many are asked for."""

from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.latents import Latent, Normal
from honmono.networks.batch_norm import sampling
from honmono.randomness import stream
from honmono.recipe import Recipe


LEAST_TRUNCATION = 0.01  # below it, drawing again until all numbers are within takes too long


def fakes(
    generator: nn.Module,
    recipe: Recipe,
    num_classes: int,
    *,
    seed: int,
    label: int | None = None,
    truncation: float | None = None,
    share: int = 1,
) -> Iterator[Tensor]:
    """Fakes without end, in chunks of the recipe's batch size (chunk, *sample_shape), on the generator's device.

    label: one class for all; None: the classes in turn. truncation: the largest latent, for normal latents.
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
        labels = np.full(chunk, label) if label is not None else places % max(num_classes, 1)
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
    weight = next(generator.parameters())
    z = torch.from_numpy(latent).to(weight.device, weight.dtype)
    label = None if labels is None else torch.from_numpy(labels.astype(np.int64)).to(weight.device)
    with sampling(generator, recipe.sampling):
        return generator(z, label)


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
