"""Which pictures are held out from which."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honmono.data.held_out import held_out
from honmono.data.packing.packed import PackedPictures
from honmono.data.pictures import Pictures
from honmono.data.sources.layout import lay_out, splits_named


@pytest.fixture
def splits(tmp_path: Path, encode: Callable[..., bytes]) -> Path:
    """train/a, train/b, Val/a, Val/b of five 8x8 pictures each; those of Val are brighter."""
    for split, grey in (("train", 50), ("Val", 200)):
        for name in ("a", "b"):
            folder = tmp_path / "pictures" / split / name
            folder.mkdir(parents=True)
            for place in range(5):
                (folder / f"{place}.png").write_bytes(encode(np.full((8, 8), grey + place, np.uint8)))
    return tmp_path / "pictures"


def found(source: Any, **fields: Any) -> PackedPictures | None:
    pictures = Pictures(source=str(source), **fields)
    return held_out(pictures, pictures.open(), 8)


@pytest.mark.parametrize("ending", ["", "@train"])
def test_another_split_of_a_folder_is_held_out(splits: Path, ending: str) -> None:
    held = found(f"{splits}{ending}")
    assert held is not None and held.record["source"] == f"{splits}@Val"
    assert (held.length, held.classes, held.sample_shape) == (8, ("a", "b"), (1, 8, 8))
    assert held.gather(np.arange(8), np.random.default_rng(0)).real.min() > 0.5


def test_held_out_pictures_are_packed_as_those_trained_on(splits: Path) -> None:
    held = found(splits, size=16, channels=3, range=(0.0, 1.0))
    assert held is not None and held.sample_shape == (3, 16, 16)
    assert held.gather(np.arange(1), np.random.default_rng(0)).real.min() > 0.7


def test_nothing_is_held_out_where_there_is_no_other_split(splits: Path) -> None:
    assert found(splits / "train") is None
    assert found(f"{splits}@val") is None  # whoever trains on it holds the rest out as well
    assert found("digits") is None


def test_splits_of_other_names_are_held_out(splits: Path) -> None:
    (splits / "train").rename(splits / "Training_set")
    (splits / "Val").rename(splits / "Testing_set")
    held = found(splits)
    assert held is not None and held.record["split"] == "Testing_set"
    assert found(f"{splits}@Training_set") is not None and found(f"{splits}@test") is None


def test_a_split_of_other_classes_is_none(splits: Path) -> None:
    shutil.rmtree(splits / "Val" / "b")
    assert found(splits) is None


def test_idx_files_have_a_test_split(tmp_path: Path) -> None:
    for prefix, number in (("train", 12), ("t10k", 10)):
        header = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (number, 8, 8))
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(header + bytes(number * 64))
    held = found(tmp_path)
    assert held is not None and held.length == 8
    (tmp_path / "t10k-images-idx3-ubyte").unlink()
    assert found(tmp_path) is None


def test_a_note_names_the_splits() -> None:
    notes = lay_out("there", ("train/a.png", "test/a.png", "val/a.png"), None).listing.notes
    assert splits_named(notes) == ("test", "train", "val")
    assert splits_named(("no classes: pictures lie beside the subfolders as well as in them",)) == ()
