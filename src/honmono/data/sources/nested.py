"""An archive that is all another one contains, as some sites distribute it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from honmono.data.cache import cache_dir, turn_at
from honmono.data.sources.archive import Archive
from honmono.data.sources.files import FilesOfArchive
from honmono.data.sources.names import base
from honmono.errors import Failed
from honmono.files import atomic_write_bytes


def unpacked(archive: Archive, endings: Sequence[str]) -> Path | None:
    """The only archive in an archive without pictures, unpacked into the cache; None where there is not one.

    endings: of archives' names.
    """
    files = FilesOfArchive(archive)
    inside = [name for name in files.names if name.lower().endswith(tuple(endings))]
    if len(inside) != 1:
        return None
    key = hashlib.blake2b(f"{archive.fingerprint()}/{inside[0]}".encode(), digest_size=16).hexdigest()
    path = cache_dir() / "unpacked" / key / base(inside[0])
    try:
        with turn_at(path.parent):
            if not path.is_file():
                content = files.fetch(inside)[inside[0]]
                assert isinstance(content, bytes)
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_write_bytes(path, content)
    except OSError as error:
        raise Failed(
            f"could not unpack {inside[0]} of {archive.name} into {cache_dir()} ({error.strerror or error}): "
            "make room, or name another folder in HONMONO_CACHE"
        ) from error
    return path
