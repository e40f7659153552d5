"""The exponential moving average (EMA) of the generator's weights and buffers."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from honmono.recipe.value import Average


class AveragedGenerator:
    """The averaged copy of the generator, from which a run samples if the recipe sets `training.average`."""

    def __init__(self, generator: nn.Module, average: Average) -> None:
        self.module = deepcopy(generator).requires_grad_(False)
        self._average = average

    @torch.no_grad()
    def update(self, generator: nn.Module, images: int, batch: int) -> None:
        """Updates the average after a step of `batch` images, with `images` images seen in total."""
        decay = self.decay(images, batch)
        averaged, current = _tensors(self.module), _tensors(generator)
        floating = [index for index, tensor in enumerate(averaged) if tensor.is_floating_point()]
        averages, news = [averaged[i] for i in floating], [current[i] for i in floating]
        torch._foreach_lerp_(averages, news, 1.0 - decay)  # pyright: ignore[reportPrivateImportUsage]
        for index in set(range(len(averaged))) - set(floating):  # counters such as num_batches_tracked
            averaged[index].copy_(current[index])

    def decay(self, images: int, batch: int) -> float:
        """The factor on the average in such a step."""
        return self._average.decay(images, batch)


def _tensors(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]
