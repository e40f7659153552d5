import json
import os
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.one_picture import Request
from honmono.data.packing.pack import pack
from honmono.data.pictures import Pictures
from honmono.data.sources import fingerprint
from honmono.data.sources.open import open_source
from honmono.errors import Failed, Refused


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HONMONO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path, encode) -> Path:
    folder = tmp_path / "pictures"
    for index in range(6):
        path = folder / ("odd" if index % 2 else "even") / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(np.full((8, 8), 10 * index, np.uint8)))
    return folder


def entry_of(source: Path, **request: object) -> Path:
    return pack(open_source(str(source)), Request(**request), lambda holds: None)  # pyright: ignore[reportArgumentType]


def values(entry: Path) -> list[int]:
    return np.load(entry / "pictures.npy")[:, 0, 0, 0].tolist()


def test_an_entry_holds_pixels_labels_and_a_record(folder: Path) -> None:
    entry = entry_of(folder)
    assert sorted(path.name for path in entry.iterdir()) == ["labels.npy", "pictures.npy", "record.json"]
    assert np.load(entry / "pictures.npy").shape == (6, 1, 8, 8)
    assert values(entry) == [0, 10, 20, 30, 40, 50]
    assert np.load(entry / "labels.npy").tolist() == [0, 1] * 3
    record = json.loads((entry / "record.json").read_text())
    assert record["class_counts"] == {"even": 3, "odd": 3} and record["formats"] == {"PNG": 6}
    assert (record["count"], record["size"], record["channels"]) == (6, 8, 1)


def test_the_longest_side_is_that_of_all_sizes_however_rare(tmp_path: Path, encode) -> None:
    """By it fakes are cut to what was padded; the ten commonest sizes alone would say 30."""
    for index, side in enumerate([*range(20, 31), *range(20, 31), 60]):
        (tmp_path / f"{index}.png").write_bytes(encode(np.zeros((side, 8), np.uint8)))
    holds = json.loads((entry_of(tmp_path) / "record.json").read_text())["holds"]
    assert holds["longest"] == 60 and holds["distinct"] == 12 and len(holds["sizes"]) == 10


def test_classes_without_a_picture_are_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Labels 1 and 3 make four classes, of which 0 and 2 are nowhere."""
    labels = np.array([1, 3, 3, 1], np.uint8)
    for what, array in (("images-idx3", np.zeros((4, 8, 8), np.uint8)), ("labels-idx1", labels)):
        header = struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape)
        (tmp_path / f"train-{what}-ubyte").write_bytes(header + array.tobytes())
    Pictures(source=str(tmp_path)).open()
    assert "warning: no picture is of class 0, 2: number labels from 0 on" in capfd.readouterr().err


def test_the_cache_is_used_again_and_depends_on_the_request(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first = entry_of(folder)
    assert "6 pictures of 1x8x8" in capfd.readouterr().err
    assert entry_of(folder) == first and capfd.readouterr() == ("", "")
    requests = ({"size": 16}, {"channels": 3}, {"limit": 3}, {"fit": "pad"}, {"max_size": 16}, {"resample": "bilinear"})
    assert len({first, *(entry_of(folder, **request) for request in requests)}) == 7


def test_changed_pictures_are_packed_again_even_with_old_size_and_time(
    folder: Path, encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint, "SETTLED_SECONDS", -1e9)  # remember the stamps of these fresh files
    changed = folder / "odd" / "1.png"
    first, before = entry_of(folder), changed.stat()
    time.sleep(0.05)
    content = encode(np.full((8, 8), 11, np.uint8))
    assert len(content) == before.st_size
    changed.write_bytes(content)
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    second = entry_of(folder)
    assert values(first)[1] == 10 and values(second)[1] == 11
    changed.rename(changed.with_name("one.png"))
    assert values(entry_of(folder)) == [0, 30, 20, 50, 40, 11]


def test_unchanged_files_are_not_read_again(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "SETTLED_SECONDS", -1e9)
    open_source(str(folder)).fingerprint()
    (remembered,) = (cache / "fingerprints").iterdir()
    remembered.write_text("as remembered")
    assert open_source(str(folder)).fingerprint() == "as remembered"


def test_fresh_files_are_not_trusted_by_their_time_stamps(folder: Path, cache: Path) -> None:
    open_source(str(folder)).fingerprint()
    assert not (cache / "fingerprints").exists()


def test_equal_contents_elsewhere_share_an_entry(folder: Path, tmp_path: Path) -> None:
    first = entry_of(folder)
    folder.rename(tmp_path / "moved")
    assert entry_of(tmp_path / "moved") == first
    assert Pictures(source=str(tmp_path / "moved")).open().record["source"] == str(tmp_path / "moved")


def test_files_that_were_never_read_get_the_name_that_their_contents_give(
    folder: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = entry_of(folder)
    record = (fresh / "record.json").read_text()
    monkeypatch.setattr(fingerprint, "SETTLED_SECONDS", -1e9)  # these files may now be known by their time stamps
    assert open_source(str(folder)).unread()
    assert entry_of(folder) == fresh and (fresh / "record.json").read_text() == record
    assert open_source(str(folder)).unread() is None
    shutil.rmtree(cache)
    assert entry_of(folder) == fresh and (fresh / "record.json").read_text() == record
    assert sorted(path.name for path in (cache / "packed").iterdir() if path.is_dir()) == [fresh.name]


@pytest.mark.parametrize("last", ["colour", "large", "transparent"])
def test_late_pictures_that_differ_from_the_first_decide_too(tmp_path: Path, encode, last: str) -> None:
    """The first 512 are grey and of 8x8 pixels."""
    others = {
        "colour": np.full((8, 8, 3), (9, 0, 0), np.uint8),
        "large": np.full((24, 24), 9, np.uint8),
        "transparent": np.dstack([np.full((8, 8), 250, np.uint8)] * 3 + [np.full((8, 8), 128, np.uint8)]),
    }
    for index in range(1100):
        content = np.full((8, 8), index % 200, np.uint8) if index < 520 else others[last]
        (tmp_path / f"{index:04}.png").write_bytes(encode(content))
    entry = entry_of(tmp_path)
    record = json.loads((entry / "record.json").read_text())
    pixels = np.load(entry / "pictures.npy")
    assert record["count"] == len(pixels) == 1100 and pixels[7, :, 0, 0].tolist() == [7] * pixels.shape[1]
    if last == "colour":
        assert pixels.shape[1:] == (3, 8, 8) and pixels[-1, :, 0, 0].tolist() == [9, 0, 0]
    elif last == "large":
        assert pixels.shape[1:] == (1, 16, 16) and record["holds"]["short_side"] == 24
    else:
        assert any("background" in note for note in record["notes"]) and pixels.shape[1:] == (1, 8, 8)


def test_a_changed_split_that_is_left_out_changes_the_record(tmp_path: Path, encode) -> None:
    for split, number in (("train", 4), ("test", 2)):
        for index in range(number):
            path = tmp_path / "set" / split / "ab"[index % 2] / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(np.full((8, 8), 10 * index + number, np.uint8)))
    before = json.loads((entry_of(tmp_path / "set") / "record.json").read_text())
    shutil.copy(tmp_path / "set" / "train" / "a" / "0.png", tmp_path / "set" / "test" / "a" / "more.png")
    after = json.loads((entry_of(tmp_path / "set") / "record.json").read_text())
    assert before["splits"] == {"test": 2, "train": 4} and after["splits"] == {"test": 3, "train": 4}
    assert before["in_other_splits"] == [] and after["in_other_splits"] == [
        {"name": "train/a/0.png", "also": "test/a/more.png"}
    ]
    assert before["packed"] == after["packed"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no such call")
def test_any_number_of_processes_gives_the_same_bytes(tmp_path: Path, encode, cache: Path) -> None:
    """Some pictures are left out: at the beginning, in the middle, side by side and at the end."""
    (tmp_path / "set").mkdir()
    for index in range(1400):
        content = encode(np.full((8, 8), index % 251, np.uint8))
        left_out = index in (0, 700, 701, 1300, 1399)
        (tmp_path / "set" / f"{index:04}.png").write_bytes(b"" if left_out else content)
    entry, cores = entry_of(tmp_path / "set"), os.sched_getaffinity(0)
    many = {path.name: path.read_bytes() for path in entry.iterdir()}
    shutil.rmtree(cache)
    try:
        os.sched_setaffinity(0, {min(cores)})
        assert entry_of(tmp_path / "set") == entry
    finally:
        os.sched_setaffinity(0, cores)
    assert {path.name: path.read_bytes() for path in entry.iterdir()} == many
    kept = [index % 251 for index in range(1400) if index not in (0, 700, 701, 1300, 1399)]
    assert values(entry) == kept
    skipped = json.loads(many["record.json"])["skipped"]
    names = ("0000.png", "0700.png", "0701.png", "1300.png", "1399.png")
    assert skipped == [{"name": name, "why": "empty file"} for name in names]


def test_limit_takes_the_first_in_turns(folder: Path) -> None:
    assert values(entry_of(folder, limit=3)) == [0, 10, 20]


def test_grey_pictures_stored_in_colour_become_grey(tmp_path: Path, encode) -> None:
    (tmp_path / "set").mkdir()
    for index in range(3):
        (tmp_path / "set" / f"{index}.png").write_bytes(encode(np.full((8, 8, 3), 7 * index, np.uint8)))
    entry = entry_of(tmp_path / "set")
    assert np.load(entry / "pictures.npy").shape == (3, 1, 8, 8) and values(entry) == [0, 7, 14]
    assert np.load(entry_of(tmp_path / "set", channels=3) / "pictures.npy").shape == (3, 3, 8, 8)


def test_two_processes_may_pack_at_once(folder: Path, cache: Path) -> None:
    code = (
        "import sys; from honmono.data.pictures import Pictures; print(Pictures(source=sys.argv[1]).open().fingerprint)"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
    printed = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert len(printed) == 1 and len(list((cache / "packed").glob("*/record.json"))) == 1
    assert not list((cache / "packed").glob(".*.partial"))


def test_a_damaged_entry_is_packed_again(folder: Path) -> None:
    entry = entry_of(folder)
    (entry / "pictures.npy").write_bytes((entry / "pictures.npy").read_bytes()[:-1])
    assert values(entry_of(folder)) == [0, 10, 20, 30, 40, 50]


def test_nothing_is_left_behind_where_nothing_is_usable(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.png").write_bytes(b"")
    with pytest.raises(Refused, match="'a.png': empty file"):
        entry_of(tmp_path / "set")
    assert not [path for path in (cache / "packed").iterdir() if path.suffix != ".lock"]


def test_a_cache_that_cannot_be_written_to_says_so(folder: Path, cache: Path) -> None:
    cache.write_text("a file where the cache should be")
    with pytest.raises(Failed, match="HONMONO_CACHE"):
        entry_of(folder)
