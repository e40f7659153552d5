import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.check import check
from honmono.data.pictures import Pictures
from honmono.errors import Refused


def inner(encode, ending: str) -> bytes:
    """Classes cat and dog, three pictures each, in a folder of their own."""
    held = io.BytesIO()
    files = {
        f"mine/{name}/{place}.png": encode(np.full((8, 8, 3), (60 * place, 90, 10 * len(name)), np.uint8))
        for name in ("cat", "dog")
        for place in range(3)
    }
    if ending == ".zip":
        with zipfile.ZipFile(held, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(fileobj=held, mode="w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return held.getvalue()


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_an_archive_that_is_all_another_holds_is_that_archive(tmp_path: Path, encode, ending: str) -> None:
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.writestr(f"data/set{ending}", inner(encode, ending))
        archive.writestr("data/readme.txt", "hello")
        archive.writestr("__MACOSX/data/._set.zip", "x")
    record = check(str(tmp_path / "outer.zip")).record
    assert record["class_counts"] == {"cat": 3, "dog": 3} and record["source"].endswith("outer.zip")
    assert Pictures(source=str(tmp_path / "outer.zip")).open().length == 6
    assert check(str(tmp_path)).record["count"] == 6  # a folder that holds nothing else


def test_of_several_archives_in_one_each_is_to_be_named(tmp_path: Path, encode) -> None:
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.writestr("train.zip", inner(encode, ".zip"))
        archive.writestr("test.zip", inner(encode, ".zip"))
    with pytest.raises(Refused, match="train.zip|test.zip"):
        check(str(tmp_path / "outer.zip"))
