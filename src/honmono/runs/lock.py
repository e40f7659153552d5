"""A lock for the process that trains a run; the operating system releases it when the process ends."""

from filelock import FileLock, Timeout

from honmono.errors import Refused
from honmono.runs.directory import RunDirectory


OBSERVED = 0.5  # seconds; `is_held` of another process has the lock for a moment


def hold(run: RunDirectory) -> FileLock:
    """Locks the run until the lock is released or the process ends. Raises `Refused` where another process has it."""
    lock = FileLock(run.path / ".lock")
    try:
        lock.acquire(timeout=OBSERVED)
    except Timeout as error:
        raise Refused(f"another process is training '{run.path}': wait for it or stop it") from error
    return lock


def is_held(run: RunDirectory) -> bool:
    """Whether a process is training this run now."""
    try:
        with FileLock(run.path / ".lock").acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # a directory without permission to write
        return False
