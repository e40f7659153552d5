"""Where packed pictures are kept: entries that are complete or absent, written by one process at a time."""

import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from honmono.errors import Refused


def cache_dir() -> Path:
    """`HONMONO_CACHE`, else `honmono` in the platform's folder for what can be made again.

    Raises `Refused` where that lies in a home directory and there is none, as in a container under any user's number.
    """
    if chosen := os.environ.get("HONMONO_CACHE"):
        folder = Path(chosen)
    elif sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")) / "honmono" / "cache"
    elif sys.platform == "darwin":
        folder = Path("~/Library/Caches/honmono")
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "honmono"
    try:
        return folder.expanduser()
    except RuntimeError as error:
        raise Refused(
            f"there is no home directory to keep packed data in ({folder}): name a folder for it in HONMONO_CACHE"
        ) from error


@contextmanager
def turn_at(entry: Path) -> Iterator[None]:
    """Waits until no other process works on `entry`, so that eight of them do not pack the same pictures.

    Only a courtesy: entries are safe without it, because `written_beside` renames. Windows goes without. Whoever has
    the turn removes what killed processes left behind.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(entry.with_suffix(".lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for stale in entry.parent.glob(f"{entry.name}.*.partial"):
                shutil.rmtree(stale, ignore_errors=True)
        except OSError:  # a file system without locks
            pass
        yield


@contextmanager
def written_beside(entry: Path) -> Iterator[Path]:
    """A new directory to write into, which becomes `entry` at the end, or vanishes if something went wrong.

    If another process has completed `entry` in the meantime, that one stays.
    """
    partial = entry.with_name(f"{entry.name}.{uuid.uuid4().hex}.partial")
    partial.mkdir(parents=True)
    try:
        yield partial
        try:
            os.rename(partial, entry)
        except OSError:
            if not entry.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_atomically(path: Path, text: str) -> None:
    """Writes a small file so that a reader sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
