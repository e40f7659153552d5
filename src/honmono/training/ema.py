"""The averaged generator: an exponential average of weights and buffers."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from honmono.recipe.value import Average


class AveragedGenerator:
    """A copy of the generator that follows it slowly; it is what a run samples from when the recipe averages."""

    def __init__(self, generator: nn.Module, average: Average) -> None:
        self.module = deepcopy(generator).requires_grad_(False)
        self._average = average

    @torch.no_grad()
    def follow(self, generator: nn.Module, images: int, batch: int) -> None:
        """Moves the average towards the generator after a step of `batch` images, `images` having been seen."""
        decay = self._average.decay(images, batch)
        mine, theirs = _tensors(self.module), _tensors(generator)
        floating = [place for place, tensor in enumerate(mine) if tensor.is_floating_point()]
        averages, news = [mine[i] for i in floating], [theirs[i] for i in floating]
        torch._foreach_lerp_(averages, news, 1.0 - decay)  # pyright: ignore[reportPrivateImportUsage]
        for place in set(range(len(mine))) - set(floating):  # counters such as num_batches_tracked
            mine[place].copy_(theirs[place])


def _tensors(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]
