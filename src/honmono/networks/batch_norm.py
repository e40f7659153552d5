"""The modes of batch norm, for any module that holds torch's: how it normalises, and whether its buffers move."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


Mode = Literal["train", "batch", "running"]
SamplingMode = Literal["running", "batch", "identity"]


def couples_samples(module: nn.Module) -> bool:
    """Whether an output of `module` depends on the other samples of its batch.

    True with any batch norm inside, or any submodule that says so with an attribute `couples_samples = True`.
    """
    return any(isinstance(part, _BatchNorm) or getattr(part, "couples_samples", False) for part in module.modules())


def set_mode(module: nn.Module, mode: Mode) -> None:
    """Sets every batch norm of `module`, and nothing else; cheap enough to be called before every update.

    "train": normalises by the batch, and running statistics move. "batch": by the batch, no buffer moves.
    "running": by the running statistics; a layer that keeps none goes on using the batch, as in torch.
    """
    for layer in _batch_norms(module):
        layer.training = mode != "running"
        # Torch normalises by the batch and leaves the buffers alone where training layers do not track statistics.
        layer.track_running_stats = layer.running_mean is not None and mode != "batch"


@contextmanager
def sampling(module: nn.Module, mode: SamplingMode = "running") -> Iterator[None]:
    """Within the block `module` makes samples: it is in evaluation mode, and its batch norms are in `mode`.

    "running": running statistics. "batch": statistics of the sampled batch. "identity": batch norms are skipped whole,
    scale and offset too. No mode changes a buffer, and afterwards everything is as it was. Use it on the module itself,
    not on a compiled one: `torch.compile` does not look for new hooks.
    """
    training = {part: part.training for part in module.modules()}
    tracking = {layer: layer.track_running_stats for layer in _batch_norms(module)}
    with ExitStack() as hooks:
        try:
            module.eval()
            set_mode(module, "batch" if mode == "batch" else "running")
            if mode == "identity":
                for layer in tracking:
                    hooks.enter_context(layer.register_forward_hook(_return_input))
            yield
        finally:
            for part, was in training.items():
                part.training = was
            for layer, was in tracking.items():
                layer.track_running_stats = was


def _batch_norms(module: nn.Module) -> list[_BatchNorm]:
    return [part for part in module.modules() if isinstance(part, _BatchNorm)]


def _return_input(layer: nn.Module, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    return arguments[0]
