"""Files are whole or absent: when the disk is full, and when the process is killed."""

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from honmono.files import (
    atomic_directory,
    atomic_write_bytes,
    partial,
    remove_directory,
    remove_partial,
    write_json,
)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Writing beyond `size` bytes fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_old_file_whole_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": [1, 2.5, None, "数字"]})
    with largest_file(100), pytest.raises(OSError):
        write_json(path, {"a": ["x"] * 1000})
    assert json.loads(path.read_text("utf-8")) == {"a": [1, 2.5, None, "数字"]}
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    atomic_write_bytes(path, b"long before")
    atomic_write_bytes(path, b"now")
    assert path.read_bytes() == b"now"


def test_a_directory_is_there_once_it_is_whole(tmp_path: Path) -> None:
    with atomic_directory(tmp_path / "new" / "a") as folder:
        (folder / "part").write_text("1")
        assert not (tmp_path / "new" / "a").exists() and partial(tmp_path / "new", "a") == [folder]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a"]
    assert (tmp_path / "new" / "a" / "part").read_text() == "1"


def test_a_directory_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError), atomic_directory(tmp_path / "a") as folder:
        (folder / "part").write_text("1")
        raise OSError
    assert not list(tmp_path.iterdir())


def test_of_two_writers_of_a_directory_the_first_stays(tmp_path: Path) -> None:
    entry = tmp_path / "entry"
    with atomic_directory(entry) as slow:
        (slow / "who").write_text("slow")
        with atomic_directory(entry) as quick:
            (quick / "who").write_text("quick")
    assert (entry / "who").read_text() == "quick" and list(tmp_path.iterdir()) == [entry]


def test_what_killed_processes_left_is_found_by_name(tmp_path: Path) -> None:
    (tmp_path / ".a.01.partial" / "b").mkdir(parents=True)
    (tmp_path / ".c.02.partial").touch()
    (tmp_path / "mine.partial").touch()
    remove_partial(tmp_path, "c")
    assert partial(tmp_path) == [tmp_path / ".a.01.partial"]
    remove_partial(tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "mine.partial"]


def test_a_removed_directory_is_gone_with_all_in_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    remove_directory(tmp_path / "a")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": [-math.inf]}])
def test_json_is_strict(tmp_path: Path, value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", value)
    assert not list(tmp_path.iterdir())


def test_a_killed_writer_leaves_one_of_the_two_contents(tmp_path: Path) -> None:
    path = tmp_path / "a"
    writer = (
        "import itertools, pathlib, sys; from honmono.files import atomic_write_bytes\n"
        "for digit in itertools.cycle(b'01'): atomic_write_bytes(pathlib.Path(sys.argv[1]), bytes([digit]) * 300_000)"
    )
    for wait in (0.0, 0.01, 0.03):
        with subprocess.Popen([sys.executable, "-c", writer, str(path)]) as process:
            while not path.exists():
                time.sleep(0.005)
            time.sleep(wait)
            process.kill()
        content = path.read_bytes()
        assert len(content) == 300_000 and len(set(content)) == 1
        path.unlink()
