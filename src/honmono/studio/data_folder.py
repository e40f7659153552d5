"""The folder of data: what is in it, and archives that are uploaded into it."""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from honmono.errors import Refused
from honmono.files import atomic_file
from honmono.studio.folders import Folders


ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".npz", ".npy", ".h5", ".hdf5", ".csv", ".parquet", ".mat")
MOST_ENTRIES = 200
UPLOADS = "uploads"


@dataclass(frozen=True)
class Entry:
    """A possible source in the data folder. name: its path in the folder. size: of a file, in bytes; None: a folder."""

    name: str
    size: int | None


def entries(folders: Folders) -> list[Entry]:
    """Folders and archives directly in the data folder, and the uploaded ones."""
    found: list[Entry] = []
    for folder in (folders.data, folders.data / UPLOADS):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name.startswith(".") or path.name == UPLOADS or _is_runs(path, folders):
                continue
            name = path.relative_to(folders.data).as_posix()
            if path.is_dir():
                found.append(Entry(name, None))
            elif path.name.lower().endswith(ENDINGS):
                found.append(Entry(name, path.stat().st_size))
    return found[:MOST_ENTRIES]


async def receive(folders: Folders, name: str, body: AsyncIterator[bytes], most: int, announced: int | None) -> str:
    """Writes an upload into the data folder, whole or not at all, and returns its name as a source.

    most: bytes that are accepted. announced: bytes that the sender says it sends.
    """
    if not re.fullmatch(r"[^\W_][\w. ()+-]{0,100}", name) or not name.lower().endswith(ENDINGS):
        raise Refused(f"file {name[:80]!r}: upload a {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]} file with a plain name")
    too_large = Refused(f"file {name!r} is larger than {most:,} bytes: copy it into {folders.data} instead")
    if announced is not None and announced > most:
        raise too_large
    folder = folders.data / UPLOADS
    folder.mkdir(parents=True, exist_ok=True)
    if (path := folder / name).exists():
        raise Refused(f"file {name!r} is there already: give it another name")
    received = 0
    with atomic_file(path) as file:
        async for piece in body:
            received += len(piece)
            if received > most:
                raise too_large
            await run_in_threadpool(file.write, piece)
        if not received:
            raise Refused(f"file {name!r} is empty")
    return f"{UPLOADS}/{name}"


def _is_runs(path: Path, folders: Folders) -> bool:
    """Whether this is the directory of runs, which is no data."""
    return folders.runs.exists() and os.path.samefile(path, folders.runs)
