"""Which device, which precision, and whether losses are compiled."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch

from honmono.errors import Failed, Refused


Precision = Literal["fp32", "bf16", "fp64"]
MEND = "where it lacks a C++ compiler, install g++ or clang++, or name another in CXX"
DTYPES = {"fp32": torch.float32, "bf16": torch.float32, "fp64": torch.float64}


@dataclass(frozen=True)
class Choices:
    """What was chosen for a run. A resume repeats it: bits are promised only under equal choices."""

    device: str
    precision: Precision
    compile: bool
    processes: int
    threads: int


def choose(
    device: str = "auto", precision: str = "auto", compile: str = "auto", recipe_precision: str = "auto"
) -> Choices:
    """Fills in every "auto". No choice depends on a stopwatch or on the run's length: equal commands, equal runs."""
    chosen = _choose_device(device)
    wanted = precision if precision != "auto" else recipe_precision
    if wanted == "auto":
        wanted = "bf16" if gains_by_bf16(chosen) else "fp32"
    if wanted not in DTYPES:
        raise Refused(f"--precision {wanted}: expected one of auto, {', '.join(DTYPES)}")
    if wanted == "fp64" and chosen.startswith("mps"):
        raise Refused("--precision fp64: Apple's GPUs have no float64; add --device cpu")
    compiles = choose_compile(compile, chosen)
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    return Choices(chosen, wanted, compiles, processes, torch.get_num_threads())  # type: ignore[arg-type]


def recorded(choices: Choices) -> dict[str, Any]:
    """The choices as JSON, for the run's record."""
    return asdict(choices)


def has_bf16(device: str) -> bool:
    """Whether the processor multiplies bf16 matrices natively (elsewhere bf16 is emulated, and far slower)."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_capability(device)[0] >= 8
    # Not mkldnn's own word: it says yes to any AVX512, where bf16 is emulated still.
    return device == "cpu" and (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def gains_by_bf16(device: str) -> bool:
    """Whether matrix products are faster in bf16 than in float32 on this device; decides `--precision auto`.

    AVX512-bf16 doubles the rate on AMD's processors. On Intel's it halves it (measured on a Sapphire Rapids: 168
    against 309 GFLOP/s), and only AMX gains.
    """
    if device != "cpu" or not has_bf16(device):
        return has_bf16(device)
    return torch.cpu._is_amx_tile_supported() or torch.cpu.get_capabilities()["cpu_name"].startswith("AMD")


def is_first_process() -> bool:
    """Whether this is the one of torchrun's processes that writes and prints; alone it is always."""
    return int(os.environ.get("WORLD_SIZE", "1")) == 1 or os.environ.get("RANK", "0") == "0"


def device_of(name: str) -> torch.device:
    """The device of that name, "auto" for the best there is."""
    return torch.device(_choose_device(name))


def _choose_device(device: str) -> str:
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind = device.split(":")[0]
    there = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available, "cpu": lambda: True}
    if kind not in there:
        raise Refused(f"--device {device}: expected auto, cpu, cuda, cuda:N or mps")
    if not there[kind]():
        raise Refused(
            f"--device {device}: this machine (or this build of torch) has no {kind}; --device auto picks what it has"
        )
    try:
        known = torch.device(device).index in (None, *range(torch.accelerator.device_count() if kind == "cuda" else 1))
    except RuntimeError:
        known = False
    if not known:
        raise Refused(f"--device {device}: there is no such {kind} device; --device {kind} takes the first")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and (kind == "mps" or ":" in device):
        raise Refused(f"--device {device}: several processes need a device each; --device cuda or cpu shares them out")
    return device


def choose_compile(wanted: str, device: str) -> bool:
    """Whether losses are compiled. "auto" compiles on CUDA where a trial succeeds, and otherwise warns why it does not.

    Raises `Refused` for "on" where the trial fails.
    """
    if wanted not in ("auto", "on", "off"):
        raise Refused(f"--compile {wanted}: expected one of auto, on, off")
    if wanted == "off" or (wanted == "auto" and not device.startswith("cuda")):
        return False
    why = _fault(device)
    if why is None:
        return True
    if wanted == "on":
        raise Refused(f"--compile on: nothing can be compiled here ({why}): {MEND}; or use --compile off")
    if is_first_process():
        warnings.warn(
            f"going on uncompiled, which is slower: nothing can be compiled here ({why}): {MEND}", stacklevel=3
        )
    return False


@contextmanager
def compilation_errors_as_failed(compiled: bool) -> Iterator[None]:
    """Within it, a compilation that fails is `Failed`, in one line."""
    if not compiled:
        yield
        return
    from torch._dynamo.exc import TorchDynamoException

    try:
        yield
    except TorchDynamoException as error:
        raise Failed(f"a loss cannot be compiled ({_one_line(error)}): --resume the run with --compile off") from error


def _fault(device: str) -> str | None:
    """Why not even a product can be compiled on the device; None where it can.

    It is tried, since neither a compiler in the path nor its version shows that it works with this torch. What torch
    makes on the first occasion, such as precompiled headers, serves the losses afterwards.
    """
    try:
        torch.compile(lambda sample: sample * 2, dynamic=False)(torch.ones(8, device=device))
    except Exception as error:  # torch, Triton and the compiler's driver raise almost anything
        return _one_line(error)
    return None


def _one_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".: ") or type(error).__name__
