"""Links in archives: followed where they stay inside, named where they do not; made by the writers that people use."""

import os
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.check import check
from honmono.data.pictures import Pictures
from honmono.data.sources.archive import Archive
from honmono.data.sources.links import Link, followed
from honmono.data.sources.members import Member
from honmono.data.sources.open import open_source


LINKS = {
    "cats/2.png": "../pool/2.png",
    "dogs": "pool/dogs/",
    "cats/out.png": "../../../elsewhere.png",
    "cats/absolute.png": "/etc/passwd",
    "cats/gone.png": "nothing.png",
    "cats/loop.png": "loop.png",
    "cats/again": "..",
}
REASONS = {
    "cats/out.png": "a link that leads out of the archive",
    "cats/absolute.png": "a link that leads out of the archive",
    "cats/gone.png": "a link that leads to nothing in the archive",
    "cats/loop.png": "a link that leads back to itself",
    "cats/again": "a link that leads back to itself",
}


@pytest.fixture
def folder(tmp_path: Path, encode) -> Path:
    """Two pictures of a class, one of them a link; a class that is a link; and links that lead nowhere."""
    folder = tmp_path / "set"
    for value, name in enumerate(("cats/1.png", "pool/2.png", "pool/dogs/3.png", "pool/dogs/deeper/4.png"), start=1):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encode(np.full((8, 8), value, np.uint8)))
    for name, target in LINKS.items():
        os.symlink(target, folder / name)
    return folder


def packed(folder: Path, kind: str) -> str:
    path = folder.with_name(f"set{kind}")
    if kind == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(folder.rglob("*")):
                name = file.relative_to(folder.parent).as_posix()
                if file.is_symlink():  # as Info-ZIP's `zip --symlinks` writes them
                    link = zipfile.ZipInfo(name)
                    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
                    archive.writestr(link, os.readlink(file))
                elif file.is_file():
                    archive.write(file, name)
    else:
        with tarfile.open(path, "w:gz") as archive:
            archive.add(folder, "./set")
    return str(path)


@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
def test_links_within_an_archive_are_followed_and_others_named(folder: Path, kind: str) -> None:
    source = packed(folder, kind)
    opened = Pictures(source=source, range=(0, 255)).open()
    assert opened.class_counts == {"cats": 2, "dogs": 2, "pool": 3}
    batch = opened.gather(np.arange(7), np.random.default_rng(0))
    assert batch.label is not None
    found = sorted(zip(batch.label.tolist(), batch.real[:, 0, 0, 0].tolist(), strict=True))
    assert found == [(0, 1), (0, 2), (1, 3), (1, 4), (2, 2), (2, 3), (2, 4)]
    skipped = {entry["name"].removeprefix("./"): entry["why"] for entry in check(source).record["skipped"]}
    assert skipped == {f"set/{name}": why for name, why in REASONS.items()}


def test_hard_links_are_the_files_that_they_lead_to(folder: Path) -> None:
    for name in LINKS:
        (folder / name).unlink()
    os.link(folder / "pool" / "2.png", folder / "cats" / "same.png")
    os.mkfifo(folder / "cats" / "pipe.png")
    source = packed(folder, ".tar.gz")
    with tarfile.open(source) as archive:
        assert any(member.islnk() for member in archive)
    report = check(source).record
    assert report["class_counts"] == {"cats": 2, "pool": 3}
    assert report["skipped"] == [{"name": "./set/cats/pipe.png", "why": "neither a file nor a link"}]


def resolved(links: Mapping[str, str]) -> dict[str, int | str]:
    files = [Member("pool/a.png", 0, 1), Member("pool/b.png", 1, 1)]
    found, skipped = followed(files, [Link(name, target) for name, target in links.items()])
    return {member.name: member.at for member in found} | dict(skipped)


def test_links_lead_through_links() -> None:
    chain = {"x/1.png": "../y/a.png", "y": "z", "z": "./pool"}
    assert resolved(chain) == {"x/1.png": 0} | {f"{at}/{n}.png": i for at in "yz" for i, n in enumerate("ab")}
    through = {"pool/c.png": "b.png", "x": "pool", "pool/out.png": "../../c.png"}
    assert resolved(through) == {
        **{"pool/c.png": 1, "x/a.png": 0, "x/b.png": 1, "x/c.png": 1},
        **dict.fromkeys(("pool/out.png", "x/out.png"), "a link that leads out of the archive"),
    }


def test_links_in_circles_end() -> None:
    circles = {"p": "q", "q": "p", "d/e": "../f", "f/g": "../d"}
    assert set(resolved(circles).values()) == {"a link that leads back to itself"}


def test_a_stranger_s_links_cost_no_more_than_they_are_worth() -> None:
    """Folders with a link to the next one, so that the first would hold all of them, one below the other."""
    deep = {f"d{n}/next": f"../d{n + 1}" for n in range(200)} | {"d200/end.png": "../pool/a.png"}
    reached = resolved(deep)
    assert reached["d170/next" + "/next" * 29 + "/end.png"] == 0
    assert reached["d0/next" + "/next" * 40] == "a link below 40 others"


def test_an_archive_of_links_alone_to_hidden_files(tmp_path: Path, encode) -> None:
    """As data sets are kept by tools that store each content once."""
    (tmp_path / ".store").mkdir()
    (tmp_path / ".store" / "f00").write_bytes(encode(np.zeros((8, 8), np.uint8)))
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        archive.add(tmp_path / ".store", ".store")
        for name in ("cat/1.png", "dog/2.png"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "../.store/f00"
            archive.addfile(link)
    source = open_source(str(tmp_path / "set.tar"))
    assert isinstance(source, Archive)
    assert [item.name for item in source.listing().items] == ["cat/1.png", "dog/2.png"]
    assert len(dict(source.contents(2))) == 2
