"""What is said of a training's cost before its first step."""

import torch

from honmono.devices import choose, peak_memory
from honmono.recipe.value import Recipe
from honmono.training.cost import cost
from honmono.training.open_trainer import open_rehearsed


def test_time_and_memory_are_said_before_the_first_step(points: Recipe) -> None:
    made = open_rehearsed(points, choose("cpu", "fp32"), automatic=False)
    assert made.step_seconds > 0 and made.trainer.clock.step == 0
    line = cost(made.trainer, 7_200, 0.5)
    assert line.startswith("about 1:00:00 for 7,200 steps, ") and "GiB of memory" in line
    assert peak_memory(torch.device("cpu")) > 100 << 20  # torch alone takes more
