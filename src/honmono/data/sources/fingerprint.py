"""The hash of what files hold, without reading again what has not changed."""

import hashlib
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import repeat
from pathlib import Path
from typing import TypeVar

from honmono.data.cache import cache_dir
from honmono.data.parallel import in_parallel, progress
from honmono.data.sources.base import Content, Listing, Unreadable
from honmono.data.sources.spooled import Spooled, sort_spooled
from honmono.files import atomic_write_bytes


Key = TypeVar("Key")

# Two writes within one tick of a file system's clock have the same time stamp (FAT: two seconds), so a
# file younger than this is read again next time.
SETTLED_SECONDS = 3.0
_HASH_BYTES = 16  # of what `digest` gives
_AT_ONCE = 1 << 20  # bytes of a file that are read together


class Stamp:
    """Sizes and times of files, as the file system has them before the files are read.

    Unchanged files are recognised by name, path, size, mtime, ctime and inode. Rewriting a file and setting its old
    mtime back still changes its ctime (on Windows, which has none, it goes unseen).
    """

    def __init__(self, files: Iterable[tuple[str, str | Path]]) -> None:
        self._taken = time.time()
        self.name, self._newest = _stamp(files)

    def remembered(self) -> str | None:
        """The fingerprint of these files; None where they have to be read for it."""
        try:
            return (cache_dir() / "fingerprints" / self.name).read_text(encoding="ascii")
        except OSError:
            return None

    def lasting(self) -> bool:
        """Whether the files can be known by their times: not where one of them is too young for that."""
        return self._newest < self._taken - SETTLED_SECONDS

    def remember(self, fingerprint: str) -> None:
        """Keeps the fingerprint for the next time."""
        if self.lasting():
            with suppress(OSError):  # a cache that cannot be written to costs time, not correctness
                path = cache_dir() / "fingerprints" / self.name
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_write_bytes(path, fingerprint.encode())


def fingerprint_files(files: Mapping[str, str | Path]) -> str:
    """The hash of the names and bytes of `files`."""
    contents = ((name, os.fspath(path)) for name, path in files.items())
    return fingerprint(files, lambda: contents, len(files))


def fingerprint(
    stamped: Mapping[str, str | Path], contents: Callable[[], Iterator[tuple[str, Content]]], count: int
) -> str:
    """The hash of named contents, remembered as long as the `stamped` files, which they come from, are untouched."""
    stamp = Stamp(stamped.items())
    if found := stamp.remembered():
        return found
    total = hashlib.blake2b(digest_size=16)
    with progress("reading", count) as advance:
        for name, of_one in digests(contents()):
            total.update(_framed(name) + of_one)
            advance()
    stamp.remember(total.hexdigest())
    return total.hexdigest()


def fingerprint_hashes(names: Iterable[str], unread: Iterable[str], count: int, hashes: Spooled[bytes]) -> str:
    """The same as of `fingerprint_files`, of files some of which were read before.

    unread: the paths of the last `count` ones, whose hashes are added to those of the others.
    """
    with progress("reading", count) as advance:
        for _, of_one in in_parallel(digest, enumerate(unread)):
            hashes.append(of_one)
            advance()
    total = hashlib.blake2b(digest_size=16)
    for name, of_one in zip(names, hashes, strict=True):
        total.update(_framed(name) + of_one)
    return total.hexdigest()


def fingerprint_classes(content: str, listing: Listing) -> str:
    """The hash of pictures whose hash is `content` together with their classes."""
    items = listing.items
    labels = repeat(None, len(items)) if items.labels is None else items.labels
    return _of_texts(content, f"({listing.classes!r}, [", map(repr, labels), "])")


def fingerprint_left(content: str, sizes: Iterable[tuple[str, int]]) -> str:
    """The hash of pictures whose hash is `content` together with the names and sizes of files that were left out."""
    return _of_texts(content, "[", map(repr, sort_spooled(sizes)), "]")


def _of_texts(content: str, before: str, texts: Iterable[str], after: str) -> str:
    """The hash of a hash and, as Python writes it, a list of these texts."""
    total = hashlib.blake2b(content.encode() + before.encode(), digest_size=16)
    for number, text in enumerate(texts):
        total.update((f", {text}" if number else text).encode())
    total.update(after.encode())
    return total.hexdigest()


def digests(contents: Iterable[tuple[Key, Content]]) -> Iterator[tuple[Key, bytes]]:
    """The hash of each content that could be read."""
    waiting: dict[int, Key] = {}

    def numbered() -> Iterator[tuple[int, Content]]:
        for number, (key, content) in enumerate(contents):
            if not isinstance(content, Unreadable):
                waiting[number] = key
                yield number, content

    for number, of_one in in_parallel(digest, numbered()):
        yield waiting.pop(number), of_one


def digest(content: Content) -> bytes:
    """The hash of one file."""
    if isinstance(content, str):
        try:
            with open(content, "rb", buffering=0) as file:
                if os.fstat(file.fileno()).st_size <= _AT_ONCE:
                    return hashlib.blake2b(file.read(), digest_size=_HASH_BYTES).digest()
                return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_HASH_BYTES)).digest()
        except OSError as error:
            return hashlib.blake2b(str(error.errno).encode(), digest_size=_HASH_BYTES).digest()
    assert isinstance(content, bytes)
    return hashlib.blake2b(content, digest_size=_HASH_BYTES).digest()


def _stamp(files: Iterable[tuple[str, str | Path]]) -> tuple[str, float]:
    """The hash of all that the file system says about `files`, and the time of the latest change among them.

    No files, no stamp to go by: that counts as changed at any time.
    """
    total = hashlib.blake2b(digest_size=16)
    newest = math.inf
    here = os.getcwd()
    for name, path in files:
        newest = 0 if newest == math.inf else newest
        try:
            status = os.stat(path)
        except OSError:
            total.update(_framed(name) + b"missing")
            continue
        full = path if isinstance(path, str) and path[:1] == os.sep else os.path.join(here, path)
        changed, written = status.st_ctime_ns, status.st_mtime_ns
        numbers = f"({status.st_size}, {written}, {changed}, {status.st_ino}, {status.st_dev})"
        total.update(b"%b%b%b" % (_framed(name), _framed(full), numbers.encode()))
        newest = max(newest, written, changed)
    return total.hexdigest(), newest / 1e9


def _framed(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogatepass")
    return len(encoded).to_bytes(8, "little") + encoded
