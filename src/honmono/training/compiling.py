"""Whether code can be compiled on this machine, found out before a run is created, and what to say where it cannot."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from honmono.errors import Failed, Refused


MEND = "where it lacks a C++ compiler, install g++ or clang++, or name another in CXX"


def decide(asked: str, device: str) -> bool:
    """Whether losses are compiled. Automatically they are on CUDA, where that works; else a warning says why not.

    Raises `Refused` where it was asked for and does not work.
    """
    if asked not in ("auto", "on", "off"):
        raise Refused(f"--compile {asked}: expected one of auto, on, off")
    if asked == "off" or (asked == "auto" and not device.startswith("cuda")):
        return False
    why = _fault(device)
    if why is None:
        return True
    if asked == "on":
        raise Refused(f"--compile on: nothing can be compiled here ({why}): {MEND}; or use --compile off")
    if os.environ.get("RANK", "0") == "0":  # of several processes, one says it
        warnings.warn(
            f"going on uncompiled, which is slower: nothing can be compiled here ({why}): {MEND}", stacklevel=3
        )
    return False


@contextmanager
def failing_in_a_line(compiled: bool) -> Iterator[None]:
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
