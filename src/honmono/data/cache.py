"""Where packed pictures are kept: entries that are complete or absent, written by one process at a time."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from honmono.errors import Refused
from honmono.files import remove_partial


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

    Only a courtesy: entries are safe without it, because `atomic_directory` renames. Whoever has the turn removes what
    killed processes left behind.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as turn:
        with suppress(OSError, NotImplementedError):  # a file system without locks
            turn.enter_context(FileLock(entry.with_suffix(".lock")))
            remove_partial(entry.parent, entry.name)
            for leftover in entry.parent.glob(f"{entry.name}.*.partial"):  # as earlier versions named them
                shutil.rmtree(leftover, ignore_errors=True)
        yield
