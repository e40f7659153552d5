"""`.mat` files, written by scipy as MATLAB writes them."""

import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from honmono.data.sources.formats.mat5 import read_mat5
from honmono.errors import Refused


def test_svhn_label_ten_is_the_digit_zero(tmp_path: Path, noise, seen) -> None:
    pixels, digits = noise(20, 32, 32, 3), np.arange(20) % 10
    labels = np.where(digits == 0, 10, digits)
    for split, part in (("train", slice(15)), ("test", slice(5, 20))):
        held = {"X": pixels[part].transpose(1, 2, 3, 0), "y": labels[part, None].astype(np.uint8)}
        savemat(tmp_path / f"{split}_32x32.mat", held, do_compression=True)
    for source in (tmp_path / "train_32x32.mat", tmp_path):
        found = seen(source)
        np.testing.assert_array_equal(found.pixels, pixels[:15])
        assert found.labels == [str(digit) for digit in digits[:15]]
    np.testing.assert_array_equal(seen(f"{tmp_path}@test").pixels, pixels[5:])


def test_other_mat_files_keep_their_numbers(tmp_path: Path, noise, seen) -> None:
    pixels = noise(6, 8, 8)
    savemat(tmp_path / "faces.mat", {"images": pixels.transpose(1, 2, 0), "labels": np.array([1, 2, 10, 1, 2, 10])})
    found = seen(tmp_path / "faces.mat")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.labels == ["1", "2", "10", "1", "2", "10"]


def test_a_mat_file_of_version_7_3_is_hdf5_with_axes_reversed(tmp_path: Path, noise, seen) -> None:
    import h5py

    pixels = noise(6, 32, 32, 3)
    with h5py.File(tmp_path / "set.mat", "w", userblock_size=512) as file:
        file["X"] = pixels.transpose(1, 2, 3, 0).T
        file["y"] = np.arange(6)[None, :]
    content = (tmp_path / "set.mat").read_bytes()
    head = b"MATLAB 7.3 MAT-file".ljust(124) + bytes((0, 2)) + b"IM"
    (tmp_path / "set.mat").write_bytes(head.ljust(512, b"\0") + content[512:])
    found = seen(tmp_path / "set.mat")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.labels == list("012345")


@pytest.mark.parametrize("kind", "uint8 int8 uint16 int16 uint32 int32 int64 float32 float64".split())
@pytest.mark.parametrize("packed", [False, True])
def test_arrays_are_those_that_scipy_reads(tmp_path: Path, kind: str, packed: bool) -> None:
    random = np.random.default_rng(0)
    held = {f"a{size}": random.integers(0, 100, (size, 3, 2)).astype(kind) for size in range(1, 12)}
    others = {"text": "abc", "cell": np.array(["a", 1], object), "complex": np.ones(3) * 1j, "struct": {"x": 1}}
    savemat(tmp_path / "a.mat", held | others, do_compression=packed)
    expected = loadmat(tmp_path / "a.mat")
    found = read_mat5((tmp_path / "a.mat").read_bytes())
    assert found.keys() == held.keys()
    for name, array in found.items():
        assert array.dtype == expected[name].dtype
        np.testing.assert_array_equal(array, expected[name])


def test_a_file_without_pictures_names_what_it_holds(tmp_path: Path, seen) -> None:
    savemat(tmp_path / "a.mat", {"weights": np.zeros((3, 4))})
    with pytest.raises(Refused, match=r"a.mat holds weights \(3, 4\): name its array of pictures 'images'"):
        seen(tmp_path / "a.mat")


def test_a_small_file_cannot_claim_a_large_array() -> None:
    """300 MiB of zeros pack into 300 kB; no more than a few kilobytes are unpacked to see that."""
    size = 300 << 20
    tags = struct.pack("<2I 2I 2I 2I 2i 2I 2I", 14, size, 6, 8, 9, 0, 5, 8, 1, size - 48, 1, 1, 0x41, 0)
    packed = zlib.compress(tags + struct.pack("<2I", 2, size - 48) + bytes(size - 48))
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="save it without compression"):
            read_mat5(head + struct.pack("<2I", 15, len(packed)) + packed)
        assert tracemalloc.get_traced_memory()[1] < 4e6
    finally:
        tracemalloc.stop()
