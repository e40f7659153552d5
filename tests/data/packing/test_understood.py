import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.check import check
from honmono.data.packing.understood import summary


@pytest.fixture(params=["folder", ".zip", ".tar.gz"])
def splits(request: pytest.FixtureRequest, tmp_path: Path, encode) -> str:
    """Twelve pictures to train on and six to test with, two of which are the same."""
    values = {"Training": range(12), "Testing": (*range(10, 12), *range(20, 24))}
    for split, levels in values.items():
        for level in levels:
            path = tmp_path / "set" / split / ("even", "odd")[level % 2] / f"{split[:5]}{level}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode((np.arange(64).reshape(8, 8) * 3 + level).astype(np.uint8)))
    folder, archive = tmp_path / "set", tmp_path / f"set{request.param}"
    if request.param == "folder":
        return str(folder)
    if request.param == ".zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in folder.rglob("*.png"):
                file.write(path, path.relative_to(tmp_path))
    else:
        with tarfile.open(archive, "w:gz") as file:
            file.add(folder, "set")
    return str(archive)


def test_pictures_in_two_splits_are_counted_and_named(splits: str) -> None:
    record = check(splits).record
    shared = {Path(entry["name"]).name: Path(entry["also"]).name for entry in record["in_other_splits"]}
    assert shared == {"Train10.png": "Testi10.png", "Train11.png": "Testi11.png"}
    (warning,) = [line for line in summary(record) if line.startswith("warning")]
    assert "2 pictures" in warning and "Train10.png" in warning


def test_the_lines_say_what_is_taken_and_what_is_left(splits: str) -> None:
    data, split, classes, _ = summary(check(splits).record)
    assert "12 pictures of 8x8 (12), as 1x8x8" in data
    assert "Training (12 pictures)" in split and "Testing (6)" in split and "@NAME" in split
    assert classes == "classes 2: even (6), odd (6); from subfolders"
    assert check(f"{splits}@test").record["count"] == 6


def test_a_record_of_an_earlier_version_is_read(splits: str) -> None:
    record = check(splits).record
    old = {name: record[name] for name in record if name not in ("classes_from", "split", "splits", "in_other_splits")}
    assert "classes 2: even (6), odd (6)" in summary(old)
