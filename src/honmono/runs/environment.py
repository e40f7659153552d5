"""The environment of a run, recorded with its numbers: versions, hardware, commit and command line."""

import os
import platform
import shlex
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def environment(argv: Sequence[str]) -> dict[str, Any]:
    """The environment of this process as strict JSON; what cannot be determined is None. Uses no network.

    Of its values: cores: usable by this process. threads: used by torch. git_commit: of the working directory, with
    "-dirty" appended where tracked files were changed. time: UTC.
    """
    import numpy
    import torch

    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(argv),
        "git_commit": _git_commit(),
        "honmono": _honmono_version(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "cuda": torch.version.cuda,
        "numpy": numpy.__version__,
        "platform": platform.platform(),
        "devices": _accelerators(),
        "cpu": _cpu_model(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cores": _usable_cores(),
        "threads": torch.get_num_threads(),
    }


def _accelerators() -> list[str]:
    """The names of the CUDA, MPS or other accelerator devices that torch sees."""
    import torch

    kind = torch.accelerator.current_accelerator(check_available=True)
    if kind is None:
        return []
    name = getattr(torch.get_device_module(kind), "get_device_name", lambda index: kind.type)
    return [name(index) for index in range(torch.accelerator.device_count())]


def _cpu_model() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor() or None
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()  # ARM kernels name no model


def _usable_cores() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _honmono_version() -> str | None:
    try:
        return version("honmono")
    except PackageNotFoundError:  # imported from a source tree that is not installed
        return None


def _git_commit() -> str | None:
    # --exclude: the hash itself, not a tag's name. --no-optional-locks: do not write into .git.
    describe = ("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    return _output("git", "--no-optional-locks", *describe)


def _output(*command: str) -> str | None:
    """The output of a short command; None where it is missing, fails or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
