"""The engine: where tensors live, in which precision, and what other processes add. devices.py makes the choices."""

import atexit
import contextlib
import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from honmono.devices import DTYPES, Choices
from honmono.errors import Refused


# Torch counts recompilations for each Python function, and all losses of a process are one: at its own limit of 8 the
# fifth recipe of a benchmark would quietly run uncompiled.
RECOMPILE_LIMIT = 256
PROCESS_GROUP_TIMEOUT = timedelta(hours=12)  # the others wait while one process packs the data


class PrecisionPlayer:
    """A network as objectives see it: called in the engine's precision, answering in full precision."""

    def __init__(self, module: nn.Module, engine: "Engine") -> None:
        self.module = module
        self._device_type = engine.device.type
        self._autocast = engine.choices.precision == "bf16"
        self._dtype = engine.dtype

    def __call__(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        with torch.autocast(self._device_type, torch.bfloat16, enabled=self._autocast):
            output = self.module(sample, label)
        return output.to(self._dtype)


class Engine:
    """One process's share of a run: where tensors live, in which precision, and what the other processes add."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.rank, self.processes = _join(choices.device)
        self.device = _local_device(choices.device)
        self.dtype = DTYPES[choices.precision]
        # Channels-last pays only together with bf16: in float32 it can be slower than the default layout.
        layout = torch.channels_last if choices.precision == "bf16" else torch.contiguous_format
        self.memory_format: torch.memory_format = layout
        torch.set_num_threads(choices.threads)
        _flush_denormals()
        _be_deterministic(self.device)

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes files and talks."""
        return self.rank == 0

    def place(self, module: nn.Module) -> nn.Module:
        """The network on the device, in the run's type and layout."""
        module = module.to(device=self.device, dtype=self.dtype)
        return module.to(memory_format=self.memory_format)  # type: ignore[call-overload]

    def player(self, module: nn.Module) -> PrecisionPlayer:
        return PrecisionPlayer(module, self)

    def sample(self, tensor: Tensor) -> Tensor:
        """A batch of samples on the device, in the run's type and, for pictures, layout."""
        tensor = tensor.to(self.device, self.dtype, non_blocking=True)
        return tensor.to(memory_format=self.memory_format) if tensor.dim() == 4 else tensor

    def optimizer(self, unbuilt: partial, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimizer, in one fused kernel where it has one and the recipe does not say otherwise."""
        words = dict(unbuilt.keywords)
        if words.get("fused", False) is None and self.device.type in ("cuda", "cpu", "mps"):
            words |= {"fused": not (words.get("foreach") or words.get("differentiable"))}
        try:
            return unbuilt.func(parameters, **words)
        except (TypeError, ValueError) as error:
            raise Refused(f"{unbuilt.func.__name__} cannot work so: {error} (its fields are in optimizers)") from error

    def compiled(self, loss: Callable[..., Any]) -> Callable[..., Any]:
        """A player's whole loss, compiled when the run was told so.

        Every batch size gets kernels of its own. Torch would else decide by the order in which sizes come when to make
        and to use kernels for any size, and a resume meets sizes in another order: bits must not hang on that.
        """
        if not self.choices.compile:
            return loss
        torch._dynamo.config.recompile_limit = RECOMPILE_LIMIT
        return torch.compile(loss, dynamic=False)

    def part(self, size: int) -> slice:
        """This process's rows of a global batch. Where none is left for it, it borrows one, with a weight of 0."""
        start, stop = self._rows(size)
        return slice(start, stop) if start < stop else slice(0, 1)

    def weight(self, size: int) -> float:
        """This process's share of the mean over a global batch."""
        start, stop = self._rows(size)
        return (stop - start) / size

    def _rows(self, size: int) -> tuple[int, int]:
        return size * self.rank // self.processes, size * (self.rank + 1) // self.processes

    def sum_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Adds the processes' gradients in one flattened all-reduce; each has weighted its own by its share."""
        if self.processes == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        offset = 0
        for gradient in gradients:
            gradient.copy_(flat[offset : offset + gradient.numel()].view_as(gradient))
            offset += gradient.numel()

    def total(self, values: Tensor) -> Tensor:
        """The sum of a tensor over processes."""
        if self.processes > 1:
            values = values.clone()
            dist.all_reduce(values)
        return values

    def anyone(self, flag: bool) -> bool:
        """Whether the flag is up in any process."""
        return bool(self.total(torch.tensor(float(flag), device=self.device)).item()) if self.processes > 1 else flag

    def wait(self) -> None:
        """Lets every process arrive here before any goes on."""
        if self.processes > 1:
            dist.barrier()

    def share(self, value: Any) -> Any:
        """The writer's value, in every process."""
        if self.processes == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box)
        return box[0]

    def finish(self) -> None:
        """Waits until the device has done all that was asked of it, so that a clock read next tells the truth."""
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)

    def release_memory(self) -> None:
        """Gives back to the device what torch keeps of it for tensors that are gone."""
        if self.device.type != "cpu":
            torch.accelerator.empty_cache()


def out_of_memory(error: Exception) -> bool:
    """Whether it was raised because the device has no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator: can't allocate" in str(error)


@contextlib.contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Within it, no gradients of the module's parameters are computed."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


def _join(device: str) -> tuple[int, int]:
    """Rank and number of processes; joins the group when `torchrun` started several."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes > 1 and not dist.is_initialized():
        # Imported later (torch's compiler does so), it would keep the group in the defaults of its functions: its
        # threads would outlive the group, and now and then abort the process at its exit.
        importlib.import_module("torch.distributed.nn.functional")
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PROCESS_GROUP_TIMEOUT)
        # Not after each training: the next one of the same program could meet the old group's addresses.
        atexit.register(_leave)
    return (dist.get_rank(), processes) if processes > 1 else (0, 1)


def _leave() -> None:
    if dist.is_initialized():  # the program may have left it by itself
        dist.destroy_process_group()


def _local_device(device: str) -> torch.device:
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
    return torch.device(device)


def _flush_denormals() -> None:
    """A processor takes ten times as long for numbers next to zero, and networks that go wrong are full of them."""
    for dtype in (np.float32, np.float64):
        np.finfo(dtype)  # NumPy before 2.4 computes these facts once, and warns where it finds such numbers flushed
    torch.set_flush_denormal(True)


def _be_deterministic(device: torch.device) -> None:
    """Deterministic kernels where they exist; the others warn once and the run's record names the device."""
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        # Filling fresh memory costs kernels and hides nothing here.
        setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010 (a dynamic attribute)
        torch.backends.cudnn.benchmark = False
