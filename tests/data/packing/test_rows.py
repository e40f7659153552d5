import hashlib
from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.rows import RowFile


def written(path: Path, rows: np.ndarray, kept: list[bool], parts: int) -> RowFile:
    file = RowFile(path)
    at = file.begin(rows.shape[1:])
    starts = range(0, len(rows), -(-len(rows) // parts))
    for start in reversed(starts):  # in any order
        at.write(start, [row.tobytes() for row in rows[start : start + starts.step]])
    for keep in kept:
        file.keep(keep)
    file.close()
    return file


@pytest.mark.parametrize("side", [2, 300])
@pytest.mark.parametrize("kept", [[True] * 9, [False, True, True] * 3, [True] * 8 + [False], [False] * 8 + [True]])
def test_the_file_holds_the_rows_kept_and_nothing_else(tmp_path: Path, side: int, kept: list[bool]) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (9, 1, side, side), np.uint8)
    file = written(tmp_path / "rows.npy", rows, kept, parts=3)
    assert np.array_equal(np.load(tmp_path / "rows.npy"), rows[kept])
    assert file.digest.digest() == hashlib.blake2b(rows[kept].tobytes(), digest_size=16).digest()
    plain = written(tmp_path / "plain.npy", rows[kept], [True] * sum(kept), parts=1)
    assert (tmp_path / "rows.npy").read_bytes() == plain.path.read_bytes()


def test_rows_without_pixels_are_only_left_out(tmp_path: Path) -> None:
    file = RowFile(tmp_path / "rows.npy")
    file.begin((1, 1, 2)).write(0, [b"ab", b"", b"ef"])
    for keep in (True, False, True):
        file.keep(keep)
    file.close()
    assert np.load(file.path).reshape(2, 2).tolist() == [[97, 98], [101, 102]]


def test_beginning_again_forgets_what_was_kept(tmp_path: Path) -> None:
    file = RowFile(tmp_path / "rows.npy")
    file.begin((3, 2, 2)).write(0, [bytes(12)] * 5)
    for _ in range(5):
        file.keep(True)
    file.begin((1, 2, 2)).write(0, [b"abcd"])
    file.keep(True)
    file.close()
    assert np.load(file.path).tobytes() == b"abcd"
    assert file.digest.digest() == hashlib.blake2b(b"abcd", digest_size=16).digest()
