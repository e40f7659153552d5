"""What a training will cost, said before its first step: time and memory."""

from honmono.devices import peak_memory
from honmono.training.trainer import Trainer


_MOMENTS = 2  # tensors of a weight's size that Adam makes in its first step


def cost(trainer: Trainer, steps: int, step_seconds: float) -> str:
    """A line for the user, by a step that was rehearsed.

    Time: without evaluations, samples and compilation. Memory: the most that was in use, with room for the optimizers.
    """
    seconds = round(steps * step_seconds)
    time = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    grows = ", before the networks grow" if trainer.recipe.growth else ""
    peak = peak_memory(trainer.engine.device)
    weights = sum(weight.nbytes for network in trainer.networks.values() for weight in network.parameters())
    memory = f", {(peak + _MOMENTS * weights) / 2**30:.1f} GiB of memory" if peak else ""
    return f"about {time} for {steps:,} steps{grows}{memory} (by one step, not counting evaluations)"
