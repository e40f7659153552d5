"""The lock of the process that trains a run."""

from pathlib import Path
from threading import Timer

import pytest
from filelock import FileLock

from honmono.errors import Refused
from honmono.runs.directory import RunDirectory
from honmono.runs.lock import hold, is_held


def test_one_process_trains_a_run(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert not is_held(run)
    lock = hold(run)
    assert is_held(run)
    with pytest.raises(Refused, match="another process is training"):
        hold(run)
    lock.release()
    assert not is_held(run)


def test_who_looks_at_a_lock_keeps_no_training_from_beginning(tmp_path: Path) -> None:
    looking = FileLock(tmp_path / ".lock", thread_local=False)
    looking.acquire()
    Timer(0.05, looking.release).start()
    hold(RunDirectory(tmp_path)).release()
