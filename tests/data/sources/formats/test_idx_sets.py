import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from honmono.errors import Refused


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", kind << 8 | array.ndim, *array.shape) + array.tobytes()


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [
        ("MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/train-labels-idx1-ubyte"),
        ("train-images-idx3-ubyte/train-images-idx3-ubyte", "train-labels-idx1-ubyte/train-labels-idx1-ubyte"),
        ("train-images.idx3-ubyte/train-images-idx3-ubyte", "train-labels.idx1-ubyte/train-labels-idx1-ubyte"),
        ("fashion/train-images-idx3-ubyte.gz", "fashion/train-labels-idx1-ubyte.gz"),
    ],
)
def test_mnists_files_below_a_folder(tmp_path: Path, noise, seen, pictures: str, labels: str) -> None:
    pixels = noise(6, 8, 8)
    write(tmp_path / pictures, idx(pixels))
    write(tmp_path / labels, idx(np.array([0, 1, 2, 2, 1, 0], np.uint8)))
    write(tmp_path / pictures.replace("train", "t10k"), idx(pixels[:2]))
    found = seen(tmp_path)
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.labels == ["0", "1", "2", "2", "1", "0"]
    np.testing.assert_array_equal(seen(f"{tmp_path}@test").pixels, pixels[:2])
    np.testing.assert_array_equal(seen(tmp_path / pictures).pixels, pixels)


def test_sets_of_equal_names_in_several_folders_are_not_mixed(tmp_path: Path, noise, seen) -> None:
    """As torchvision leaves them: MNIST/raw beside FashionMNIST/raw."""
    pixels = {"MNIST": noise(6, 8, 8)[:3], "FashionMNIST": noise(6, 8, 8)[3:]}
    for place, (folder, held) in enumerate(pixels.items()):
        write(tmp_path / folder / "raw" / "train-images-idx3-ubyte", idx(held))
        write(tmp_path / folder / "raw" / "train-labels-idx1-ubyte", idx(np.array([0, 1, place], np.uint8)))
    with pytest.raises(Refused, match="several sets: give .*@fashionmnist-train', .*@mnist-train'"):
        seen(tmp_path)
    found = seen(f"{tmp_path}@FashionMNIST-train")
    np.testing.assert_array_equal(found.pixels, pixels["FashionMNIST"])
    assert found.labels == ["0", "1", "1"]
    np.testing.assert_array_equal(seen(tmp_path / "MNIST").pixels, pixels["MNIST"])


def test_qmnists_labels_are_the_first_of_eight_numbers(tmp_path: Path, noise, seen) -> None:
    pixels = noise(3, 8, 8)
    rows = np.array([[7, 1, 2, 3, 4, 5, 6, 0], [9] * 8, [7] * 8], ">i4")
    write(tmp_path / "qmnist-train-images-idx3-ubyte.gz", idx(pixels))
    write(tmp_path / "qmnist-train-labels-idx2-int.gz", idx(rows, 12))
    found = seen(tmp_path)
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.labels == ["7", "9", "7"] and found.classes == tuple("0123456789")


def test_classes_are_the_same_in_a_folder_and_in_a_zip(tmp_path: Path, noise, seen) -> None:
    files = {
        "train-images-idx3-ubyte": idx(noise(3, 8, 8)),
        "train-labels-idx1-ubyte": idx(np.array([1, 4, 4], np.uint8)),
    }
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, content in files.items():
            write(tmp_path / "set" / name, content)
            archive.writestr(name, content)
    folder, archived = seen(tmp_path / "set"), seen(tmp_path / "set.zip")
    assert folder.classes == archived.classes == tuple("01234")
    assert folder.labels == archived.labels == ["1", "4", "4"]


def emnist(which: str, pixels: np.ndarray, labels: list[int]) -> dict[str, bytes]:
    """Its files, with the pictures transposed as it stores them."""
    return {
        f"emnist-{which}-train-images-idx3-ubyte": idx(np.ascontiguousarray(pixels.transpose(0, 2, 1))),
        f"emnist-{which}-train-labels-idx1-ubyte": idx(np.array(labels, np.uint8)),
    }


def test_emnist_is_turned_upright_and_its_letters_have_names(tmp_path: Path, noise, seen) -> None:
    pixels = noise(4, 8, 8)
    for name, content in emnist("letters", pixels, [1, 26, 2, 1]).items():
        write(tmp_path / f"{name}.gz", content)
    found = seen(tmp_path)
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.labels == ["a", "z", "b", "a"] and found.classes == ("a", "b", "z")
    assert any("turned upright" in note for note in found.notes)


def test_several_sets_in_one_archive_are_asked_for_by_name(tmp_path: Path, noise, seen) -> None:
    """As EMNIST's own gzip.zip, whose balanced set comes with the characters of its classes."""
    pixels = noise(4, 8, 8)
    with zipfile.ZipFile(tmp_path / "gzip.zip", "w") as archive:
        for which, labels in (("letters", [1, 2, 2, 1]), ("balanced", [0, 10, 36, 0])):
            for name, content in emnist(which, pixels, labels).items():
                archive.writestr(f"gzip/{name}.gz", gzip.compress(content))
        archive.writestr("gzip/emnist-balanced-mapping.txt", "0 48\n10 65\n36 97\n")
    with pytest.raises(Refused, match="several sets: give .*@emnist-balanced-train', .*@emnist-letters-train'"):
        seen(tmp_path / "gzip.zip")
    found = seen(f"{tmp_path / 'gzip.zip'}@emnist-balanced-train")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.labels == ["0", "A", "a", "0"]


def test_emnists_letters_under_mnists_names_are_told(tmp_path: Path, noise, seen) -> None:
    write(tmp_path / "train-images-idx3-ubyte", idx(noise(26, 8, 8)))
    write(tmp_path / "train-labels-idx1-ubyte", idx(np.arange(1, 27, dtype=np.uint8)))
    assert any("emnist-letters-train-images-idx3-ubyte" in note for note in seen(tmp_path).notes)


def test_a_file_of_any_name_is_known_by_its_first_bytes(tmp_path: Path, noise, seen) -> None:
    pixels = noise(3, 8, 8)
    write(tmp_path / "digits", idx(pixels))
    np.testing.assert_array_equal(seen(tmp_path / "digits").pixels, pixels)
    write(tmp_path / "digits", idx(pixels)[:-1])
    with pytest.raises(Refused, match="cannot be read as IDX: it says 3 x 8 x 8 and holds 191 numbers"):
        seen(tmp_path / "digits")
