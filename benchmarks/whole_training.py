"""One `honmono train` as a user runs it: a process of its own, with empty caches of honmono and of the compiler."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from honmono.runs.directory import RunDirectory


def seconds_of_training(arguments: Sequence[str], run: Path) -> tuple[float, dict[int, float]]:
    """Trains into `run`; wall seconds from the start of the process to its end, and to each checkpoint that it kept.

    The caches are made beside the run, where none may be yet.
    """
    caches = {"HONMONO_CACHE": run.parent / "cache", "TORCHINDUCTOR_CACHE_DIR": run.parent / "compiler"}
    assert not any(place.exists() for place in caches.values()), f"{run.parent} has caches already"
    env = os.environ | {name: str(place) for name, place in caches.items()}
    line = [sys.executable, "-m", "honmono", "train", *arguments, "--run", str(run)]
    clock, started = time.time(), time.perf_counter()  # the first is compared with times of files
    subprocess.run(line, env=env, check=True, stdout=subprocess.DEVNULL)
    seconds, kept = time.perf_counter() - started, RunDirectory.open(run)
    return seconds, {step: kept.checkpoint(step).stat().st_mtime - clock for step in kept.checkpoint_steps()}
