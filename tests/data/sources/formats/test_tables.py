"""Tables by their path, written by the `datasets` library itself."""

import zipfile
from pathlib import Path

import datasets
import numpy as np
import pytest

from honmono.data.held_out import held_out
from honmono.data.pictures import Pictures
from honmono.data.sources.open import open_source
from honmono.errors import Refused


NAMES = ["cat", "dog", "emu"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datasets import config

    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "hf")


def table(encode, pixels: np.ndarray):
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=NAMES)})
    cells = [{"bytes": encode(picture), "path": None} for picture in pixels]
    return datasets.Dataset.from_dict({"image": cells, "label": [n % 3 for n in range(len(cells))]}, features=features)


def test_parquet_files_and_folders_of_them(tmp_path: Path, encode, noise, seen) -> None:
    pixels, folder = noise(6, 8, 8, 3), tmp_path / "set" / "data"
    folder.mkdir(parents=True)
    for number, part in enumerate((slice(0, 3), slice(3, 6))):
        table(encode, pixels[part]).to_parquet(folder / f"train-0000{number}-of-00002.parquet")
    table(encode, pixels[:2]).to_parquet(folder / "test-00000-of-00001.parquet")
    alone = seen(folder / "train-00001-of-00002.parquet")
    np.testing.assert_array_equal(alone.pixels, pixels[3:])
    assert alone.labels == NAMES
    whole = seen(folder.parent)
    np.testing.assert_array_equal(whole.pixels, pixels)
    assert "took the split 'train' of test, train" in whole.notes
    np.testing.assert_array_equal(seen(f"{folder.parent}@test").pixels, pixels[:2])


def test_what_save_to_disk_made(tmp_path: Path, encode, noise, seen) -> None:
    pixels = noise(6, 8, 8, 3)
    table(encode, pixels).save_to_disk(tmp_path / "one")
    splits = {"train": table(encode, pixels[:3]), "test": table(encode, pixels[3:])}
    datasets.DatasetDict(**splits).save_to_disk(tmp_path / "two")
    found = seen(tmp_path / "one")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.labels == NAMES * 2
    np.testing.assert_array_equal(seen(f"{tmp_path / 'two'}@test").pixels, pixels[3:])


def test_damaged_tables_and_those_in_an_archive_are_one_line(tmp_path: Path, seen) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(Refused, match="a.parquet cannot be loaded: ") as refusal:
        seen(tmp_path / "a.parquet")
    assert "\n" not in str(refusal.value)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.parquet", "a.parquet")
    with pytest.raises(Refused, match="in an archive: unpack it"):
        open_source(str(tmp_path / "a.zip"))


def test_the_path_of_a_table_may_hold_an_at_sign(tmp_path: Path, encode, noise, seen) -> None:
    pixels, folder = noise(4, 8, 8, 3), tmp_path / "a@b"
    folder.mkdir()
    table(encode, pixels[:3]).to_parquet(folder / "train.parquet")
    table(encode, pixels[3:]).to_parquet(folder / "test.parquet")
    np.testing.assert_array_equal(seen(folder).pixels, pixels[:3])
    np.testing.assert_array_equal(seen(f"{folder}@test").pixels, pixels[3:])


def test_a_table_s_test_split_is_held_out(tmp_path: Path, encode, noise) -> None:
    pixels = noise(9, 8, 8, 3)
    table(encode, pixels[:6]).to_parquet(tmp_path / "train.parquet")
    table(encode, pixels[6:]).to_parquet(tmp_path / "test.parquet")
    for source in (str(tmp_path), f"{tmp_path}@train"):
        pictures = Pictures(source=source)
        held = held_out(pictures, pictures.open(), 8)
        assert held is not None and held.length == 3
