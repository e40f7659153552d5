"""The engine: device placement, precision, compilation and communication of processes, as devices.py chose them."""

import atexit
import importlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from honmono.devices import DTYPES, Choices, faster_layout
from honmono.errors import Refused


# Torch counts recompilations per Python function, and all losses of a process share one: with its default limit of 8
# the fifth recipe of a benchmark would run uncompiled without a warning.
RECOMPILE_LIMIT = 256
PROCESS_GROUP_TIMEOUT = timedelta(hours=12)  # the other processes wait while one packs the data
Work = Callable[[], Sequence[Tensor]]
Record = Callable[[Work], Work]  # runs nothing; what it returns runs the work again, with the same tensors


class PrecisionPlayer:
    """A network as objectives call it: computed in the engine's precision, with outputs in full precision."""

    def __init__(self, module: nn.Module, engine: "Engine") -> None:
        self.module = module
        self._device_type = engine.device.type
        self._autocast = engine.choices.precision == "bf16"
        self._dtype = engine.dtype

    def __call__(self, *inputs: Tensor | None) -> Tensor:
        with torch.autocast(self._device_type, torch.bfloat16, enabled=self._autocast):
            output = self.module(*inputs)
        return output.to(self._dtype)


class Engine:
    """Device, precision and process group of one process of a run.

    compiler: torch's name of the one of whole steps.
    writes: whether this process writes files and prints.
    """

    def __init__(self, choices: Choices, compiler: str = "inductor") -> None:
        self.choices, self.compiler = choices, compiler
        self.rank, self.processes = _join(choices.device)
        self.writes = self.rank == 0
        self.device = _local_device(choices.device)
        self.dtype = DTYPES[choices.precision]
        self.memory_format: torch.memory_format = torch.contiguous_format
        self.use_threads()
        _flush_denormals()
        _be_deterministic(self.device)

    def use_threads(self) -> None:
        """Computes with the run's number of threads, where another engine of this process has another one."""
        torch.set_num_threads(self.choices.threads)

    def settle_layout(self, networks: Iterable[nn.Module]) -> None:
        """Replaces the layout "auto" by the one that is faster for these networks."""
        if self.choices.layout == "auto":
            layers = [layer for network in networks for layer in network.modules()]
            grouped = any(isinstance(layer, nn.GroupNorm) for layer in layers)
            layout = faster_layout(self.choices.device, self.choices.precision, grouped)
            self.choices = replace(self.choices, layout=layout)
        last = self.choices.layout == "channels-last"
        self.memory_format = torch.channels_last if last else torch.contiguous_format

    def place(self, module: nn.Module) -> nn.Module:
        """The network on the device, with the run's dtype and memory format."""
        module = module.to(device=self.device, dtype=self.dtype)
        return module.to(memory_format=self.memory_format)  # type: ignore[call-overload]

    def player(self, module: nn.Module) -> PrecisionPlayer:
        return PrecisionPlayer(module, self)

    def sample(self, tensor: Tensor) -> Tensor:
        """A batch of samples on the device, with the run's dtype and, for pictures, memory format."""
        tensor = tensor.to(self.device, self.dtype, non_blocking=True)
        return tensor.to(memory_format=self.memory_format) if tensor.dim() == 4 else tensor

    def optimizer(self, unbuilt: partial, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimizer, with a fused kernel where it has one and the recipe does not set another."""
        kwargs = dict(unbuilt.keywords)
        if kwargs.get("fused", False) is None and self.device.type in ("cuda", "cpu", "mps"):
            kwargs |= {"fused": not (kwargs.get("foreach") or kwargs.get("differentiable"))}
        try:
            return unbuilt.func(parameters, **kwargs)
        except (TypeError, ValueError) as error:
            raise Refused(
                f"cannot create {unbuilt.func.__name__}: {error}; change it with --set optimizers.PLAYER.FIELD=VALUE"
            ) from error

    def compiled(self, loss: Callable[..., Any]) -> Callable[..., Any]:
        """A player's whole loss, compiled if the run is.

        Each batch size is compiled separately. Otherwise torch would decide by the order in which sizes occur when to
        use kernels for any size; a resume has them in another order, and results would differ in the last bits.
        """
        if self.choices.compile != "losses":
            return loss
        torch._dynamo.config.recompile_limit = RECOMPILE_LIMIT
        return torch.compile(loss, dynamic=False)

    def compiled_graph(self, graph: torch.fx.GraphModule) -> Callable[..., Any]:
        """A graph of operations that is called with tensors of the same shapes only, compiled."""
        torch._dynamo.config.recompile_limit = RECOMPILE_LIMIT
        # Torch would check each tensor in every call. Its cache goes by the function, and each graph's is its own.
        unchecked = {"guard_filter_fn": torch.compiler.skip_all_guards_unsafe, "size_asserts": False}
        options = unchecked if self.compiler == "inductor" else None
        compiled = torch.compile(graph.forward, backend=self.compiler, dynamic=False, fullgraph=True, options=options)
        return torch.no_grad()(compiled)

    @property
    def record(self) -> Record | None:
        """Records work on the device, to be launched by a single call; None where the device cannot."""
        return _cuda_graph if self.device.type == "cuda" else None

    def numbers(self, values: Sequence[float]) -> Tensor:
        """Numbers on the device, in the run's dtype."""
        return torch.tensor(values, dtype=self.dtype).to(self.device, non_blocking=True)

    def part(self, size: int) -> slice:
        """This process's rows of a global batch; if it has none, the first row, which then has a weight of 0."""
        start, stop = self._rows(size)
        return slice(start, stop) if start < stop else slice(0, 1)

    def weight(self, size: int) -> float:
        """The weight of this process in a mean over the global batch."""
        start, stop = self._rows(size)
        return (stop - start) / size

    def _rows(self, size: int) -> tuple[int, int]:
        return size * self.rank // self.processes, size * (self.rank + 1) // self.processes

    def sum_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Sums the gradients of all processes, already weighted, in one flattened all-reduce."""
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
        """The sum of a tensor over all processes."""
        if self.processes > 1:
            values = values.clone()
            dist.all_reduce(values)
        return values

    def anyone(self, flag: bool) -> bool:
        """Whether the flag is true in any process."""
        return bool(self.total(torch.tensor(float(flag), device=self.device)).item()) if self.processes > 1 else flag

    def wait(self) -> None:
        """Waits until every process has reached this point."""
        if self.processes > 1:
            dist.barrier()

    def share(self, value: Any) -> Any:
        """The value of the writing process, in every process."""
        if self.processes == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values)
        return values[0]

    def finish(self) -> None:
        """Waits until the device has finished all queued work, for example before reading a clock."""
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)

    def release_memory(self) -> None:
        """Returns memory that torch caches to the device."""
        if self.device.type != "cpu":
            torch.accelerator.empty_cache()


def out_of_memory(error: Exception) -> bool:
    """Whether the error says that the device is out of memory."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator: can't allocate" in str(error)


def _join(device: str) -> tuple[int, int]:
    """Rank and number of processes; joins the process group if `torchrun` started several."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes > 1 and not dist.is_initialized():
        # If torch's compiler imports this later, its functions' default arguments keep a reference to the group, whose
        # threads then outlive it and sometimes abort the process at exit.
        importlib.import_module("torch.distributed.nn.functional")
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PROCESS_GROUP_TIMEOUT)
        # Not after each training: a second training of the same program could still see the old group's addresses.
        atexit.register(_leave)
    return (dist.get_rank(), processes) if processes > 1 else (0, 1)


def _leave() -> None:
    if dist.is_initialized():  # the user's program may have left it
        dist.destroy_process_group()


def _local_device(device: str) -> torch.device:
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
    return torch.device(device)


def _flush_denormals() -> None:
    """Flushes denormal numbers to zero: processors are ten times slower with them, and failing networks are full of
    them."""
    for dtype in (np.float32, np.float64):
        np.finfo(dtype)  # NumPy before 2.4 computes these limits once, and warns if denormals are flushed
    torch.set_flush_denormal(True)


def _cuda_graph(work: Work) -> Work:
    """Records the kernels of `work` (PyTorch's documentation, "CUDA Graphs")."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        results = work()

    def replay() -> Sequence[Tensor]:
        graph.replay()
        return results

    return replay


def _be_deterministic(device: torch.device) -> None:
    """Selects deterministic kernels where they exist; others warn once, and the run records its device."""
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        # Filling new memory costs kernel launches and is not needed here.
        setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010 (a dynamic attribute)
        torch.backends.cudnn.benchmark = False
