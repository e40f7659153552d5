from pathlib import Path

import h5py
import numpy as np
import pytest

from honmono.errors import Refused


def test_biggans_and_galaxy10s(tmp_path: Path, noise, seen) -> None:
    pixels, labels = noise(6, 16, 16, 3), np.array([0, 1, 2, 2, 1, 0])
    with h5py.File(tmp_path / "ILSVRC16.hdf5", "w") as file:
        file.create_dataset("imgs", data=pixels.transpose(0, 3, 1, 2), chunks=(2, 3, 16, 16))
        file.create_dataset("labels", data=labels, maxshape=(None,))
    with h5py.File(tmp_path / "Galaxy10.h5", "w") as file:
        file["images"], file["ans"], file["redshift"] = pixels, labels.astype(np.uint8), np.zeros(6)
    for name in ("ILSVRC16.hdf5", "Galaxy10.h5"):
        found = seen(tmp_path / name)
        np.testing.assert_array_equal(found.pixels, pixels)
        assert found.labels == ["0", "1", "2", "2", "1", "0"]


def test_splits_in_a_file(tmp_path: Path, noise, seen) -> None:
    pixels = noise(6, 8, 8)
    with h5py.File(tmp_path / "digits.h5", "w") as file:
        file["train_set_x"], file["train_set_y"] = pixels[:4], np.arange(4)
        file["test_set_x"], file["test_set_y"] = pixels[4:], np.arange(2)
    np.testing.assert_array_equal(seen(tmp_path / "digits.h5").pixels, pixels[:4])
    np.testing.assert_array_equal(seen(f"{tmp_path / 'digits.h5'}@test").pixels, pixels[4:])


def test_a_file_for_each_split(tmp_path: Path, noise, seen) -> None:
    """Their arrays named for the split too, as Coursera's cats."""
    pixels = noise(6, 8, 8)
    for split, part in (("train", slice(4)), ("test", slice(4, 6))):
        with h5py.File(tmp_path / f"{split}_cats.h5", "w") as file:
            file[f"{split}_set_x"], file[f"{split}_set_y"] = pixels[part], np.arange(len(pixels[part])) % 2
            file["list_classes"] = np.array([b"other", b"cat"])
    np.testing.assert_array_equal(seen(tmp_path).pixels, pixels[:4])
    np.testing.assert_array_equal(seen(f"{tmp_path}@test").pixels, pixels[4:])


def test_what_is_none_is_one_line(tmp_path: Path, seen) -> None:
    (tmp_path / "a.h5").write_bytes(b"no HDF5 at all")
    with pytest.raises(Refused, match="a.h5 cannot be read as HDF5: "):
        seen(tmp_path / "a.h5")
