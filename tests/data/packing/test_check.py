import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.check import check
from honmono.data.pictures import Pictures
from honmono.errors import Refused


REPAIRED = {
    "grey.png": ["grey given three equal channels"],
    "grey-alpha.png": ["transparency on a background of white", "grey given three equal channels"],
    "rgba.png": ["transparency on a background of white"],
    "palette.png": ["palette looked up"],
    "sixteen.png": ["16 bits a channel scaled to 8", "grey given three equal channels"],
    "cmyk.jpg": ["CMYK converted to RGB"],
    "turned.jpg": ["turned upright: rotate 270"],
    "huge.jpg": ["huge: 6000x4000 pixels scaled down"],
    "moving.gif": ["several frames: the first was taken", "palette looked up"],
}
SKIPPED = {
    "empty.png": "empty file",
    "one.png": "too small: 1x1 pixels, at least 4 a side are needed",
    "text.jpg": "not a picture",
    "notes.txt": "not a known picture format (.txt)",
}


def test_what_becomes_of_each_file_of_a_horrible_folder(horrible: Path) -> None:
    record = check(str(horrible)).record
    repaired: dict[str, list[str]] = {}
    for entry in record["repaired"]:
        repaired.setdefault(entry["name"], []).append(entry["what"])
    truncated = repaired.pop("truncated.jpg")
    assert len(truncated) == 1 and truncated[0].startswith("truncated: the ")
    assert {name: sorted(what) for name, what in repaired.items()} == {
        name: sorted(what) for name, what in REPAIRED.items()
    }
    skipped = {entry["name"]: entry["why"] for entry in record["skipped"]}
    assert skipped.pop("mostly-lost.jpg").startswith("truncated or damaged: only ")
    assert skipped == SKIPPED
    assert (record["count"], record["size"], record["channels"], record["classes"]) == (12, 32, 3, [])
    assert record["formats"] == {"PNG": 6, "JPEG": 4, "GIF": 1, "WEBP": 1}


def test_a_horrible_folder_packs_as_checked(horrible: Path, scene: np.ndarray) -> None:
    opened = Pictures(source=str(horrible), size=48, range=(0.0, 255.0)).open()
    checked = check(str(horrible), size=48).record
    assert {name: opened.record[name] for name in checked} == checked
    names = sorted(set(REPAIRED) | {"truncated.jpg", "文字.png", "ñandú 🦤.webp"})
    pictures = dict(zip(names, opened.gather(np.arange(12), np.random.default_rng(0)).real.numpy(), strict=True))
    middle = scene[:, 8:56].transpose(2, 0, 1)  # what the crop keeps
    for name in ("rgba.png", "文字.png", "ñandú 🦤.webp"):
        np.testing.assert_array_equal(pictures[name], middle)
    for name in ("grey.png", "sixteen.png"):
        np.testing.assert_array_equal(pictures[name], np.broadcast_to(middle[:1], (3, 48, 48)))
    for name, tolerance in (("cmyk.jpg", 4), ("palette.png", 12), ("huge.jpg", 3)):
        assert np.abs(pictures[name] - middle).mean() < tolerance
    turned = np.rot90(scene, -1)[8:56].transpose(2, 0, 1)
    assert np.abs(pictures["turned.jpg"] - turned).mean() < 3
    assert pictures["truncated.jpg"].min() > 30  # none of the black that did not decode


def test_the_text_names_every_file_once_for_each_reason(horrible: Path) -> None:
    report = check(str(horrible))
    text = "\n".join(report.lines())
    for name in (*REPAIRED, *SKIPPED, "truncated.jpg", "mostly-lost.jpg"):
        assert name in text
    assert "become  3x32x32 (fit: crop)" in text and "classes none" in text and ".hidden" not in text
    assert json.loads(json.dumps(report.to_json())) == report.record


def test_long_lists_are_cut_in_text_and_whole_in_json(tmp_path: Path, encode) -> None:
    for index in range(30):
        (tmp_path / f"{index:02}.png").write_bytes(encode(np.zeros((8, 8), np.uint8)) if index == 0 else b"")
    report = check(str(tmp_path))
    assert len(report.to_json()["skipped"]) == 29
    assert report.lines()[-1].endswith("19.png, 20.png and 9 more")


def test_channels_and_fit_are_as_asked(horrible: Path) -> None:
    record = check(str(horrible), size=16, channels=1, fit="pad").record
    assert (record["size"], record["channels"], record["fit"]) == (16, 1, "pad")
    assert {"name": "文字.png", "what": "colour turned into grey"} in record["repaired"]


def test_names_that_are_not_text_do_not_stop_the_report(tmp_path: Path, horrible: Path) -> None:
    try:
        shutil.copy(horrible / "one.png", os.fsdecode(bytes(tmp_path) + b"/\xff\xfe.png"))
    except (OSError, UnicodeError):
        pytest.skip("this file system takes text only")
    shutil.copy(horrible / "grey.png", tmp_path)
    opened = Pictures(source=str(tmp_path)).open()
    assert opened.length == 1 and len(opened.record["skipped"]) == 1
    assert check(str(tmp_path)).lines()[-1] == r"  too small: 1x1 pixels, at least 4 a side are needed: \xff\xfe.png"


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(Refused, match=r"notes\.txt.*\(.txt\)"):
        check(str(tmp_path))
