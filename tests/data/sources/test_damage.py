"""Damaged archives and arrays: a member is skipped with its reason, the whole is refused in one line."""

import runpy
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.check import check
from honmono.errors import Refused


ROOT = Path(__file__).parents[3]


def test_random_damage_never_ends_in_a_traceback(tmp_path: Path) -> None:
    damage = runpy.run_path(str(ROOT / "benchmarks" / "damaged.py"))
    for name, content in damage["whole"]().items():
        (tmp_path / name).write_bytes(content)
        assert damage["attempt"](tmp_path / name)[0] == "read", name
        (tmp_path / name).unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries warn of what they then refuse
        became, lines = damage["findings"](500, 1, tmp_path)
    assert [line for line in lines if "(" not in line or "read (" not in line] == []
    assert became["read"] > 20 and became["refused"] > 100


def test_an_encrypted_archive_says_so(tmp_path: Path, encode) -> None:
    """The flag of encrypted members is set by hand: Python cannot write them."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(2):
            archive.writestr(f"{number}.png", encode(np.zeros((8, 8), np.uint8)))
    content = bytearray((tmp_path / "a.zip").read_bytes())
    first = content.index(b"PK\1\2")
    content[first + 8] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    record = check(str(tmp_path / "a.zip")).record
    assert record["count"] == 1 and record["skipped"] == [{"name": "0.png", "why": "encrypted"}]
    content[content.index(b"PK\1\2", first + 1) + 8] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Refused, match="a.zip is encrypted: unpack it with its password"):
        check(str(tmp_path / "a.zip"))


def test_a_member_without_a_name_is_passed_over(tmp_path: Path, encode) -> None:
    """As damage makes them; `zipfile` writes them too."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.png", encode(np.zeros((8, 8), np.uint8)))
        archive.writestr(zipfile.ZipInfo(""), b"nothing")
    assert check(str(tmp_path / "a.zip")).record["count"] == 1


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_out_of_an_archive_are_named(tmp_path: Path, encode, kind: str) -> None:
    (tmp_path / "1.png").write_bytes(encode(np.zeros((8, 8), np.uint8)))

    def write(*names: str) -> str:
        path = str(tmp_path / f"set.{kind}")
        if kind == "zip":
            with zipfile.ZipFile(path, "w") as archive:
                for name in names:
                    archive.write(tmp_path / "1.png", name)
        else:
            with tarfile.open(path, "w") as archive:
                for name in names:
                    archive.add(tmp_path / "1.png", name)
        return path

    record = check(write("../1.png", "a/2.png")).record
    assert record["count"] == 1
    assert record["skipped"] == [{"name": "../1.png", "why": "a name that leads out of the archive"}]
    with pytest.raises(Refused, match="names lead out of the archive, such as '../../x.png'"):
        check(write("../../x.png", "../y.png"))
