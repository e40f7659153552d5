"""Batch norm modes of any module: by which statistics it normalises, and whether its buffers are updated."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


Mode = Literal["train", "batch", "running"]
SamplingMode = Literal["running", "batch", "identity"]


def couples_samples(module: nn.Module) -> bool:
    """Whether an output of `module` depends on the other samples of its batch.

    True if it contains batch norm, or a submodule with an attribute `couples_samples = True`.
    """
    return any(isinstance(part, _BatchNorm) or getattr(part, "couples_samples", False) for part in module.modules())


def set_mode(module: nn.Module, mode: Mode) -> None:
    """Sets the mode of every batch norm layer of `module`; fast enough to be called before every update.

    "train": normalises by batch statistics and updates the running statistics.
    "batch": normalises by batch statistics and updates no buffer.
    "running": normalises by running statistics; a layer without them uses batch statistics, as in torch.
    """
    for layer in _batch_norms(module):
        layer.training = mode != "running"
        # A training layer that does not track statistics normalises by the batch and updates no buffer.
        layer.track_running_stats = layer.running_mean is not None and mode != "batch"


@contextmanager
def sampling(module: nn.Module, mode: SamplingMode = "running") -> Iterator[None]:
    """A context in which `module` is in evaluation mode, with its batch norm layers in `mode`.

    "running": running statistics.
    "batch": statistics of the sampled batch.
    "identity": batch norm layers are skipped, their scale and offset included.
    No mode changes a buffer, and the previous modes are restored at the end. Not for a compiled module: `torch.compile`
    ignores hooks that are added later.
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
