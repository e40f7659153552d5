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
        self._averaged = _tensors(self.module)
        floats = [tensor.is_floating_point() for tensor in self._averaged]
        self._floating = [place for place, floating in enumerate(floats) if floating]
        self._averages = [self._averaged[place] for place in self._floating]
        self._counters = [place for place, floating in enumerate(floats) if not floating]  # num_batches_tracked

    @torch.no_grad()
    def update(self, generator: nn.Module, images: int, batch: int) -> None:
        """Updates the average after a step of `batch` images, with `images` images seen in total."""
        decay = self.decay(images, batch)
        current = _tensors(generator)
        news = [current[place] for place in self._floating]
        torch._foreach_lerp_(self._averages, news, 1.0 - decay)  # pyright: ignore[reportPrivateImportUsage]
        for place in self._counters:
            self._averaged[place].copy_(current[place])

    def decay(self, images: int, batch: int) -> float:
        """The factor on the average in such a step."""
        return self._average.decay(images, batch)


def _tensors(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]
