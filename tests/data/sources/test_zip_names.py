"""Zips whose names do not say how they are encoded, written byte for byte as the programs of each system do."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.check import check


def write(path: Path, names: Sequence[str], encoding: str, content: bytes) -> str:
    """A zip with names in an encoding and no word of which: Python's writer marks all but ASCII."""
    encoded = [name.encode(encoding) for name in names]
    places = [f"{number:@>{len(name)}}" for number, name in enumerate(encoded)]
    with zipfile.ZipFile(path, "w") as archive:
        for place in places:
            archive.writestr(place, content)
    raw = path.read_bytes()
    for place, name in zip(places, encoded, strict=True):
        raw = raw.replace(place.encode(), name)
    path.write_bytes(raw)
    return str(path)


@pytest.mark.parametrize(
    ("classes", "encoding", "taken"),
    [
        (["犬", "猫"], "cp932", "932"),
        (["表示", "能力"], "cp932", "932"),  # a backslash and a bar as second bytes
        (["いぬ", "カメラ", "Tシャツ"], "cp932", "932"),
        (["Vögel", "Hündin", "Löwe"], "cp437", "437"),  # valid in code page 932, too: "V波el"
        (["café", "été", "étude"], "cp437", "437"),
        (["niño", "árbol"], "cp437", "437"),
        (["犬", "Käse"], "utf-8", "UTF-8"),
    ],
)
def test_the_encoding_is_found_by_the_names(
    tmp_path: Path, encode, classes: list[str], encoding: str, taken: str
) -> None:
    names = [f"写真/{name}/1.png" if encoding == "cp932" else f"{name}/1.png" for name in classes]
    source = write(tmp_path / "set.zip", names, encoding, encode(np.zeros((8, 8), np.uint8)))
    report = check(source)
    assert report.record["classes"] == sorted(classes)
    assert report.record["count"] == len(classes) and not report.record["skipped"]
    assert [taken in note for note in report.record["notes"]] == [True]
    assert any(taken in line for line in report.lines())


@pytest.mark.parametrize(
    ("classes", "encoding"),
    [(["狗", "鸟", "飞机"], "gbk"), (["고양이", "개"], "cp949"), (["貓", "狗"], "big5"), (["кот", "Собака"], "cp866")],
)
def test_other_scripts_are_not_taken_for_japanese(tmp_path: Path, encode, classes: list[str], encoding: str) -> None:
    names = [f"{name}/1.png" for name in classes]
    source = write(tmp_path / "set.zip", names, encoding, encode(np.zeros((8, 8), np.uint8)))
    record = check(source).record
    assert record["count"] == len(classes) and "437" in record["notes"][0]


@pytest.mark.parametrize("classes", [["cat", "dog"], ["犬", "é"]])
def test_marked_names_need_no_word(tmp_path: Path, encode, classes: list[str]) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in classes:
            archive.writestr(f"{name}/1.png", encode(np.zeros((8, 8), np.uint8)))
    record = check(str(tmp_path / "set.zip")).record
    assert record["classes"] == sorted(classes) and record["notes"] == []
