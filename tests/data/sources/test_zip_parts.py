"""Large zips are read in parts, each as `zipfile` reads it in the whole."""

import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.check import check
from honmono.data.sources.zip_parts import zip_parts


def write(path: Path, number: int, before: bytes = b"", comment: bytes = b"") -> Path:
    path.write_bytes(before)
    with zipfile.ZipFile(path, "a") as archive:
        for place in range(number):
            member = zipfile.ZipInfo(f"c{place % 3}/{place:05}.txt")
            member.comment = b"of one" * (place % 2)
            method = zipfile.ZIP_DEFLATED if place % 5 else zipfile.ZIP_STORED
            archive.writestr(member, b"content %d" % place, method)
        archive.comment = comment
    return path


@pytest.mark.parametrize(
    ("before", "comment"),
    [(b"", b""), (b"#!/bin/sh\n", b""), (b"", b"a comment with PK in it"), (b"x" * 100, b"c" * 999)],
)
def test_the_parts_hold_what_the_archive_does(tmp_path: Path, before: bytes, comment: bytes) -> None:
    path = write(tmp_path / "large.zip", 5_000, before, comment)
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        numbers = []
        for first, part in zip_parts(path):
            numbers.append(len(part.infolist()))
            for at, one in enumerate(part.infolist(), first):
                other = members[at]
                assert (one.filename, one.header_offset, one.comment) == (
                    other.filename,
                    other.header_offset,
                    other.comment,
                )
                assert part.read(one) == archive.read(other) == b"content %d" % at
    assert sum(numbers) == 5_000 and len(numbers) == 3


def test_more_members_than_the_old_format_can_count(tmp_path: Path) -> None:
    path = write(tmp_path / "larger.zip", 66_000)  # with the records of zip64
    names = [one.filename for _, part in zip_parts(path) for one in part.infolist()]
    assert len(names) == 66_000 and names[-1] == "c2/65999.txt"


def test_a_small_archive_is_one_part(tmp_path: Path) -> None:
    ((first, part),) = [*zip_parts(write(tmp_path / "small.zip", 10))]
    assert first == 0 and len(part.infolist()) == 10


def test_what_is_no_zip_is_refused_as_by_zipfile(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_bytes(b"no archive")
    with pytest.raises(zipfile.BadZipFile, match="not a zip"):
        next(zip_parts(tmp_path / "text.zip"))
    whole = write(tmp_path / "large.zip", 5_000).read_bytes()
    damaged = bytearray(whole)
    damaged[whole.rindex(b"PK\1\2")] = 0  # in the directory
    (tmp_path / "large.zip").write_bytes(damaged)
    with pytest.raises(zipfile.BadZipFile, match="directory"):
        next(zip_parts(tmp_path / "large.zip"))


def test_memory_does_not_grow_with_the_number_of_members(tmp_path: Path) -> None:
    def peak(number: int) -> int:
        path = write(tmp_path / f"{number}.zip", number)
        tracemalloc.start()
        try:
            assert sum(len(part.infolist()) for _, part in zip_parts(path)) == number
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(24_000) < 1.2 * peak(8_000)


def test_the_last_picture_of_a_large_zip_is_read(tmp_path: Path, encode) -> None:
    with zipfile.ZipFile(write(tmp_path / "large.zip", 5_000), "a") as archive:
        archive.writestr("cat/picture.png", encode(np.full((8, 8), 9, np.uint8)))
        archive.writestr("dog/picture.png", encode(np.full((8, 8), 7, np.uint8)))
    record = check(str(tmp_path / "large.zip")).record
    assert record["count"] == 2 and record["class_counts"] == {"cat": 1, "dog": 1}
    assert record["skipped_files"] == 5_000 and len(record["skipped"]) == 1_000
