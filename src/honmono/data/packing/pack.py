"""Packing: every picture decoded once, into a memory-mapped array beside a record of what was done."""

import hashlib
import json
import math
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from honmono.data.cache import cache_dir, turn_at
from honmono.data.packing.conversion import Conversion, convert
from honmono.data.packing.fates import files_of
from honmono.data.packing.one_picture import Request
from honmono.data.packing.rows import RowFile
from honmono.data.packing.sizes import height_and_width, spelled
from honmono.data.packing.survey import Survey
from honmono.data.sources.base import Source
from honmono.data.sources.spooled import sort_spooled
from honmono.errors import Failed
from honmono.files import atomic_directory


FORMAT_VERSION = (
    3  # of what is packed: raise it whenever the same request gives other pixels, or other readings of them
)
PICTURES, LABELS, RECORD = "pictures.npy", "labels.npy", "record.json"
_ARRANGED_AT_ONCE = 1024  # rows


def pack(source: Source, request: Request, accept: Callable[[Survey], None]) -> Path:
    """The directory of the packed pictures: the one in the cache if there is one, else a new one.

    It holds pictures.npy (count, channels, height, width) uint8, labels.npy (count,) int64 if there are classes, and
    record.json. `accept` sees what the source holds and may raise `Refused`, as may a source without usable pictures.
    """
    try:
        if (unread := source.unread()) and (entry := _pack_unread(source, request, accept, unread)):
            return entry
        entry = _entry(source, request, source.fingerprint())
        if _complete(entry, request):
            accept(Survey.from_json(read_record(entry)["holds"]))
            return entry
        with turn_at(entry):
            if not _complete(entry, request):
                _pack_into(entry, source, request, accept)
        return entry
    except OSError as error:
        raise Failed(
            f"could not pack {source.name} into {cache_dir()} ({error.strerror or error}); nothing was left there: "
            "make room, or name another folder in HONMONO_CACHE"
        ) from error


def read_record(entry: Path) -> dict[str, Any]:
    """The record of a packed entry."""
    return json.loads((entry / RECORD).read_text(encoding="utf-8"))


def _entry(source: Source, request: Request, content: str) -> Path:
    """The directory of the packed pictures, named by a hash of all that their bytes depend on."""
    # Fields that earlier versions did not have leave the key as it was where they change nothing.
    new = {"classes": "auto", "ground": "auto", "frames": "first", "bands": "usual", "resample": "auto"}
    parts = {name: value for name, value in asdict(request).items() if name not in new or value != new[name]} | {
        "content": content,
        "kind": type(source).__name__,
        "split": source.split,
        "version": FORMAT_VERSION,
    }
    name = hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()
    return cache_dir() / "packed" / name


def _complete(entry: Path, request: Request) -> bool:
    """Whether `entry` is whole; one that was damaged from outside, or has another size than would follow from the data
    now, is packed anew."""
    if not entry.is_dir():
        return False
    try:
        rows, record = np.load(entry / PICTURES, mmap_mode="r"), read_record(entry)
        size = request.size or Survey.from_json(record["holds"]).size_within(request.max_size)
        if len(rows) == record["count"] and record["size"] == size and not _superseded(record):
            return True
    except (OSError, ValueError, KeyError):
        pass
    _discard(entry)
    return False


def _superseded(record: dict[str, Any]) -> bool:
    """Whether an earlier version read transparency or 16 bits, each picture by itself and some of them to nothing, or
    the inks of unmarked JPEGs inverted."""
    what = (*(("transparency laid", "16 bits", "fractions") if "splits" not in record else ()), "CMYK turned")
    return any(entry["what"].startswith(what) for entry in record["repaired"])


def _discard(entry: Path) -> None:
    for name in (PICTURES, LABELS, RECORD):
        (entry / name).unlink(missing_ok=True)
    entry.rmdir()


def _pack_unread(source: Source, request: Request, accept: Callable[[Survey], None], unread: str) -> Path | None:
    """Packs files that were never read: the fingerprint, and with it the entry's name, follow from the same reading.

    None where another process has read them meanwhile.
    """
    unnamed = _entry(source, request, unread)

    def named() -> Path:
        entry = _entry(source, request, source.fingerprint())
        _complete(entry, request)  # removes a damaged one
        return entry

    with turn_at(unnamed):
        if source.unread() is None:
            return None
        _pack_into(unnamed, source, request, accept, named)
    return named()


def _pack_into(
    entry: Path,
    source: Source,
    request: Request,
    accept: Callable[[Survey], None],
    named: Callable[[], Path] | None = None,
) -> None:
    started = time.monotonic()
    with atomic_directory(entry, named) as folder:
        arriving = RowFile(folder / "arriving.npy")
        try:
            conversion = convert(source, request, accept, arriving)
        finally:
            arriving.close()
        digest = _arrange(arriving, folder / PICTURES, conversion)
        _write_labels(conversion, folder / LABELS, digest)
        record = conversion.record(source, request) | {"packed": digest.hexdigest()}
        (folder / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
        for name in os.listdir(folder):
            _sync(folder / name)
    print(_summary(record, time.monotonic() - started), file=sys.stderr)


def _arrange(arriving: RowFile, path: Path, conversion: Conversion) -> "hashlib.blake2b":
    """Puts the rows, which came as they could be read, into the source's order; the hash of their pixels."""
    order = conversion.order
    if not conversion.collapsed and order.rising():
        os.rename(arriving.path, path)
        return arriving.digest
    came = (row for _, row in sort_spooled((index, row) for row, index in enumerate(order)))
    rows = arriving.rows(came)
    arranged = RowFile(path)
    shape = conversion.channels, *height_and_width(conversion.size)
    try:
        arranged.begin(shape)
        while some := [row[: math.prod(shape)] for row in islice(rows, _ARRANGED_AT_ONCE)]:
            arranged.append(b"".join(some), len(some))
    finally:
        arranged.close()
    arriving.path.unlink()
    return arranged.digest


def _write_labels(conversion: Conversion, path: Path, digest: "hashlib.blake2b") -> None:
    """Adds the labels to the hash, and writes them where there are classes."""
    labels = conversion.labels()
    with ExitStack() as stack:
        file = stack.enter_context(open(path, "wb")) if conversion.listing.classes else None
        if file:
            header = {"descr": "<i8", "fortran_order": False, "shape": (len(conversion.order),)}
            np.lib.format.write_array_header_1_0(file, header)
        while some := [*islice(labels, _ARRANGED_AT_ONCE)]:
            block = np.array(some, "<i8").tobytes()
            digest.update(block)
            if file:
                file.write(block)


def _sync(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _summary(record: dict[str, Any], seconds: float) -> str:
    shape = f"{record['channels']}x{spelled(record['size'])}"
    odd = [f"{number:,} {kind}" for kind in ("repaired", "skipped") if (number := files_of(record, kind))]
    unusual = f" ({', '.join(odd)}: `honmono data check` names them)" if odd else ""
    empty = [name for name, count in record["class_counts"].items() if not count]
    if empty:  # a generator never sees what such a class looks like
        unusual += (
            f"; warning: no picture is of class {', '.join(empty)}: number labels from 0 on, or remove empty folders"
        )
    return f"packed {record['source']}: {record['count']:,} pictures of {shape} in {seconds:.1f} s{unusual}"
