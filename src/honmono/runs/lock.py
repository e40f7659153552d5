"""One writer for each run: a lock that the operating system gives back however the process ends."""

from filelock import FileLock, Timeout

from honmono.errors import Refused
from honmono.runs.directory import RunDirectory


def hold(run: RunDirectory) -> FileLock:
    """Takes the run for this process until it is released or the process ends; refused while another one has it."""
    lock = FileLock(run.path / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise Refused(f"another process is training '{run.path}': wait for it, or stop it first") from error
    return lock


def is_held(run: RunDirectory) -> bool:
    """Whether some process is training this run now."""
    try:
        with FileLock(run.path / ".lock").acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # a directory that is not ours to write in
        return False
