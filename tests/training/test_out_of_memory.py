"""A device that runs out of memory in the middle of a training."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pytest
import torch
from torch import Tensor

from honmono.errors import Failed
from honmono.objectives.base import Step
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe import Recipe, Update
from honmono.training.trainer import Trainer


Build = Callable[..., Trainer]
D, G = Update("discriminator"), Update("generator")


@dataclass(frozen=True)
class Greedy(NonSaturating):
    """Asks for more memory than there is from the third generator's loss on."""

    asked: list[int] = field(default_factory=list, compare=False)

    def generator_loss(self, step: Step) -> Mapping[str, Tensor]:
        self.asked.append(1)
        if len(self.asked) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return super().generator_loss(step)


class Silent:
    """A callback that does nothing."""

    def after_step(self, losses: dict[str, Tensor]) -> None:
        pass


def test_a_step_without_memory_says_how_to_go_on(points: Recipe, in_training: Build) -> None:
    trainer = in_training(replace(points, objective=Greedy(), updates=(D, G)))
    with pytest.raises(Failed, match=r"step 3 needs more memory than cpu .*--resume.*training\.accumulate=2"):
        trainer.fit(5, Silent())
