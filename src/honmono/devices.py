"""Choose the device, the precision, and whether losses are compiled."""

import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from honmono.errors import Failed, Refused


Precision = Literal["fp32", "bf16", "fp64"]
Compiled = Literal["off", "losses", "step"]
Layout = Literal["auto", "contiguous", "channels-last"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
FIX = "if there is no C++ compiler, install g++ or clang++, or set CXX to another one"
DTYPES = {"fp32": torch.float32, "bf16": torch.float32, "fp64": torch.float64}


@dataclass(frozen=True)
class Choices:
    """Device, precision and the like of a run. A resume uses the same ones: only then results are identical bit for
    bit."""

    device: str
    precision: Precision
    compile: Compiled
    processes: int
    threads: int
    layout: Layout = "contiguous"  # of pictures and of the weights of convolutions


def choose(
    device: str = "auto",
    precision: str = "auto",
    compile: str = "auto",
    recipe_precision: str = "auto",
    layout: str = "auto",
) -> Choices:
    """Replaces every "auto" but that of the layout, which depends on the networks (`Engine.settle_layout`). No choice
    depends on a timing or on the run's length, so equal commands give equal
    runs."""
    chosen = _choose_device(device)
    wanted = precision if precision != "auto" else recipe_precision
    if wanted == "auto":
        wanted = "bf16" if gains_by_bf16(chosen) else "fp32"
    if wanted not in DTYPES:
        raise Refused(f"--precision {wanted}: expected one of auto, {', '.join(DTYPES)}")
    if wanted == "fp64" and chosen.startswith("mps"):
        raise Refused("--precision fp64: Apple's GPUs have no float64: add --device cpu")
    compiles = choose_compile(compile, chosen)
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if layout not in LAYOUTS:
        raise Refused(f"--layout {layout}: expected one of {', '.join(LAYOUTS)}")
    return Choices(chosen, wanted, compiles, processes, torch.get_num_threads(), layout)  # type: ignore[arg-type]


def from_record(engine: Mapping[str, Any]) -> Choices:
    """The choices that a run recorded. Early records say only whether losses were compiled, and not the layout."""
    compiled = engine["compile"]
    compiled = ("losses" if compiled else "off") if isinstance(compiled, bool) else compiled
    layout = engine.get("layout") or ("channels-last" if engine["precision"] == "bf16" else "contiguous")
    return Choices(**{**engine, "compile": compiled, "layout": layout})


def recorded(choices: Choices) -> dict[str, Any]:
    """The choices as JSON, for the run's record."""
    return asdict(choices)


def has_bf16(device: str) -> bool:
    """Whether the device multiplies bf16 matrices in hardware (otherwise bf16 is emulated and far slower)."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_capability(device)[0] >= 8
    # Not mkldnn's own check, which is true for any AVX512, where bf16 is still emulated.
    return device == "cpu" and (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def gains_by_bf16(device: str) -> bool:
    """Whether matrix products are faster in bf16 than in float32 on this device; decides `--precision auto`.

    AVX512-bf16 doubles the speed on AMD processors. On Intel it halves it (measured on a Sapphire Rapids: 168 against
    309 GFLOP/s), and only AMX is faster.
    """
    if device != "cpu" or not has_bf16(device):
        return has_bf16(device)
    return cpu_gains_by_bf16(torch.cpu._is_amx_tile_supported(), torch.cpu.get_capabilities()["cpu_name"])


def cpu_gains_by_bf16(amx: bool, name: str) -> bool:
    """The same of a CPU that has bf16, by its features and name."""
    return amx or name.startswith("AMD")


def is_first_process() -> bool:
    """Whether this process writes and prints: the first of torchrun's, or the only one."""
    return int(os.environ.get("WORLD_SIZE", "1")) == 1 or os.environ.get("RANK", "0") == "0"


def device_of(name: str) -> torch.device:
    """The device of that name; "auto" is the fastest kind that is available."""
    return torch.device(_choose_device(name))


def _choose_device(device: str) -> str:
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind = device.split(":")[0]
    available = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available, "cpu": lambda: True}
    if kind not in available:
        raise Refused(f"--device {device}: expected auto, cpu, cuda, cuda:N or mps")
    if not available[kind]():
        raise Refused(f"--device {device}: this machine (or this build of torch) has no {kind}: use --device auto")
    try:
        known = torch.device(device).index in (None, *range(torch.accelerator.device_count() if kind == "cuda" else 1))
    except RuntimeError:
        known = False
    if not known:
        raise Refused(f"--device {device}: there is no such {kind} device: use --device {kind} for the first one")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and (kind == "mps" or ":" in device):
        raise Refused(
            f"--device {device}: each process needs a device of its own: use --device cuda or cpu, which assign them"
        )
    return device


def faster_layout(device: str, precision: str, group_norm: bool) -> Layout:
    """What the layout "auto" is: channels-last in bf16, and in float32 on CPUs that gain by it; but never with group
    norm on a CPU, where torch 2.13 takes up to 35 times as long for it in channels-last."""
    if device != "cpu":
        return "channels-last" if precision == "bf16" else "contiguous"
    if group_norm or precision == "fp64":
        return "contiguous"
    capability, name = torch.backends.cpu.get_cpu_capability(), torch.cpu.get_capabilities()["cpu_name"]
    gains = precision == "bf16" or cpu_gains_by_channels_last(capability, name)
    return "channels-last" if gains else "contiguous"


def cpu_gains_by_channels_last(capability: str, name: str) -> bool:
    """Whether convolutions in float32 are faster in channels-last on a CPU of this capability (torch's word) and name.

    Contiguous steps took up to 1.57 times as long with AVX2, and up to 1.52 times with AMD's AVX512
    (benchmarks/README.md). Not measured with Intel's AVX512.
    """
    return capability == "AVX2" or (capability == "AVX512" and name.startswith("AMD"))


def choose_compile(wanted: str, device: str) -> Compiled:
    """What is compiled: nothing ("off"), each player's loss ("losses" or "on"), or the whole step ("step").

    "auto": the losses on CUDA, if compiling a test function works; otherwise it warns. Raises `Refused` where what is
    wanted is not "auto" and the test fails.
    """
    if wanted not in ("auto", "on", "off", "losses", "step"):
        raise Refused(f"--compile {wanted}: expected one of auto, off, losses (or on), step")
    if wanted == "off" or (wanted == "auto" and not device.startswith("cuda")):
        return "off"
    error = _compile_error(device)
    if error is None:
        return "step" if wanted == "step" else "losses"
    if wanted != "auto":
        raise Refused(f"--compile {wanted}: torch.compile does not work here ({error}): {FIX}; or use --compile off")
    if is_first_process():
        warnings.warn(
            f"training without compilation, which is slower: torch.compile does not work here ({error}): {FIX}",
            stacklevel=3,
        )
    return "off"


@contextmanager
def compilation_errors_as_failed(compiled: Compiled) -> Iterator[None]:
    """Turns an error of the compiler into a one-line `Failed`."""
    if compiled == "off":
        yield
        return
    from torch._dynamo.exc import TorchDynamoException

    try:
        yield
    except TorchDynamoException as error:
        what = "a step" if compiled == "step" else "a loss"
        raise Failed(f"{what} cannot be compiled ({one_line(error)}): resume the run with --compile off") from error


def _compile_error(device: str) -> str | None:
    """The error of compiling a trivial function on the device; None where it works.

    Only a trial shows whether the installed compiler works with this torch. Files that torch makes at the first
    compilation, such as precompiled headers, are used again for the losses.
    """
    try:
        torch.compile(lambda sample: sample * 2, dynamic=False)(torch.ones(8, device=device))
    except Exception as error:  # torch, Triton and the compiler's driver raise many types
        return one_line(error)
    return None


def one_line(error: Exception) -> str:
    """The first line of an error's message."""
    return str(error).strip().partition("\n")[0].rstrip(".: ") or type(error).__name__


@contextmanager
def undivided_operations() -> Iterator[None]:
    """A context in which an operation on the CPU runs in the thread that calls it, this one or one that begins now."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def peak_memory(device: torch.device) -> int:
    """The most memory that was in use so far, in bytes: on a GPU of torch, else of this process; 0 if unknown."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    with suppress(OSError):  # Linux has a number in which the process that started this one does not count
        status = Path("/proc/self/status").read_text(encoding="ascii")
        if found := re.search(r"VmHWM:\s*(\d+) kB", status):
            return int(found[1]) * 1024
    try:
        import resource
    except ImportError:  # on Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
