"""Batch norm: by which statistics any module normalises, whether its buffers are updated, and TensorFlow's variance."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm


Mode = Literal["train", "batch", "running"]
SamplingMode = Literal["running", "batch", "identity"]


@final
class BiasedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm whose running variance averages variances divided by n, the number of values in a channel.

    torch's averages those divided by n - 1, though it normalises by the others. TensorFlow 1's `contrib` layer averages
    the variances by which it normalises, unless it is `fused`.
    """

    def forward(self, input: Float[Tensor, "batch channels height width"]) -> Tensor:
        by_batch = self.training or self.running_mean is None
        if not (by_batch and self.track_running_stats):
            mean, variance = (None, None) if by_batch else (self.running_mean, self.running_var)
            return functional.batch_norm(input, mean, variance, self.weight, self.bias, by_batch, 0.0, self.eps)
        assert self.running_mean is not None and self.running_var is not None
        assert self.num_batches_tracked is not None and self.momentum is not None
        # On copies: the backward pass refuses buffers that have changed in place.
        mean, variance = self.running_mean.clone(), self.running_var.clone()
        output = functional.batch_norm(input, mean, variance, self.weight, self.bias, True, self.momentum, self.eps)
        n = input.numel() // input.shape[1]
        with torch.no_grad():
            kept = (1 - self.momentum) * self.running_var
            self.running_var.copy_(kept + (variance - kept) * ((n - 1) / n))
            self.running_mean.copy_(mean)
            self.num_batches_tracked.add_(1)
        return output


def couples_samples(module: nn.Module) -> bool:
    """Whether an output of `module` depends on the other samples of its batch.

    True if it contains batch norm, or a submodule with an attribute `couples_samples = True`.
    """
    return any(isinstance(part, _BatchNorm) or getattr(part, "couples_samples", False) for part in module.modules())


def set_mode(module: nn.Module, mode: Mode) -> None:
    """Sets the mode of every batch norm layer of `module`.

    "train": normalises by batch statistics and updates the running statistics.
    "batch": normalises by batch statistics and updates no buffer.
    "running": normalises by running statistics; a layer without them uses batch statistics, as in torch.
    """
    set_modes(batch_norms(module), mode)


def set_modes(layers: Iterable[_BatchNorm], mode: Mode) -> None:
    """Sets the mode of these batch norm layers."""
    for layer in layers:
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
    tracking = {layer: layer.track_running_stats for layer in batch_norms(module)}
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


def batch_norms(module: nn.Module) -> list[_BatchNorm]:
    """The batch norm layers of a module."""
    return [part for part in module.modules() if isinstance(part, _BatchNorm)]


def _return_input(layer: nn.Module, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    return arguments[0]
