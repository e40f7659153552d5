import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from honmono.data.choose import absolute
from honmono.data.pictures import Pictures
from honmono.data.sources.open import open_source
from honmono.errors import Refused


def values(source: str) -> list[float]:
    opened = Pictures(source=source, range=(0, 255)).open()
    assert opened.length is not None
    return sorted(opened.gather(np.arange(opened.length), np.random.default_rng(0)).real[:, 0, 0, 0].tolist())


@pytest.fixture
def shards(tmp_path: Path, encode) -> Path:
    """Three of two pictures each, with the same names in all of them."""
    for number in range(3):
        with tarfile.open(tmp_path / f"set-{number:06}.tar", "w") as archive:
            for place in range(2):
                content = encode(np.full((8, 8), 10 * number + place, np.uint8))
                member = tarfile.TarInfo(f"{place:03}.png")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return tmp_path


def test_several_shards_are_one_set(shards: Path) -> None:
    everything = [0, 1, 10, 11, 20, 21]
    for pattern in ("set-{000000..000002}.tar", "set-*.tar", "set-00000?.tar"):
        assert values(str(shards / pattern)) == everything
    assert values(str(shards / "set-{000001..000002}.tar")) == everything[2:]
    assert values(str(shards / "set-000001.tar")) == everything[2:4]


def test_a_folder_of_shards_is_one_set(shards: Path) -> None:
    (shards / "sizes.json").write_text("{}")
    assert values(str(shards)) == [0, 1, 10, 11, 20, 21]


def test_a_folder_of_shards_by_split_is_its_train_split(shards: Path) -> None:
    for number, split in enumerate(("train", "train", "test")):
        (shards / f"set-{number:06}.tar").rename(shards / f"{split}-{number:06}.tar")
    assert values(str(shards)) == [0, 1, 10, 11] and values(f"{shards}@test") == [20, 21]
    assert "took the split 'train' of test, train" in Pictures(source=str(shards)).open().record["notes"]


def test_pictures_that_the_test_shards_have_too_are_named(shards: Path) -> None:
    for number, split in enumerate(("train", "train", "test")):
        (shards / f"set-{number:06}.tar").rename(shards / f"{split}-{number:06}.tar")
    assert Pictures(source=str(shards)).open().record["in_other_splits"] == []

    (shards / "test-000003.tar").write_bytes((shards / "train-000001.tar").read_bytes())
    shared = Pictures(source=str(shards)).open().record["in_other_splits"]
    assert shared == [{"name": f"{place:03}.png", "also": f"test/{place:03}.png"} for place in range(2)]


def test_a_missing_shard_is_named(shards: Path) -> None:
    with pytest.raises(Refused, match="there is no .*set-000003.tar"):
        open_source(str(shards / "set-{000000..000003}.tar"))
    with pytest.raises(Refused, match="there are no such files"):
        open_source(str(shards / "other-*.tar"))


def test_shards_are_read_as_classes_are_wanted(shards: Path) -> None:
    """Pictures without a label are left out where labels are learned, and are there where they are not."""
    with tarfile.open(shards / "set-000000.tar", "a") as archive:
        member = tarfile.TarInfo("000.cls")
        member.size = 1
        archive.addfile(member, io.BytesIO(b"7"))
    pattern = str(shards / "set-{000000..000002}.tar")
    labelled = Pictures(source=pattern).open()
    assert labelled.classes == ("7",) and labelled.length is not None and labelled.length < 6
    assert Pictures(source=pattern, classes="none").open().length == 6


def test_labels_that_are_not_there_are_refused(shards: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "plain.npz", images=np.zeros((5, 8, 8), np.uint8))
    for source in (shards / "set-*.tar", tmp_path / "plain.npz"):
        with pytest.raises(Refused, match="no labels"):
            Pictures(source=str(source), classes="labels").open()


def test_the_pattern_of_shards_is_made_absolute(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shards)
    assert absolute("set-*.tar") == str(shards / "set-*.tar")
