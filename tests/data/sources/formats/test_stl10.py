import tarfile
from pathlib import Path

import numpy as np
import pytest

from honmono.errors import Refused


NAMES = "airplane bird car cat deer dog horse monkey ship truck".split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    (folder / "class_names.txt").write_text("\n".join(NAMES) + "\n")
    return folder


def write(folder: Path, split: str, pixels: np.ndarray, labels: np.ndarray | None = None) -> None:
    (folder / f"{split}_X.bin").write_bytes(pixels.transpose(0, 3, 2, 1).tobytes())  # each channel column by column
    if labels is not None:
        (folder / f"{split}_y.bin").write_bytes(labels.astype(np.uint8).tobytes())


def test_pictures_are_upright_and_labels_count_from_1(folder: Path, noise, seen) -> None:
    pixels = noise(12, 96, 96, 3)
    write(folder, "train", pixels[:10], np.arange(1, 11))
    write(folder, "test", pixels[10:], np.array([3, 10]))
    write(folder, "unlabeled", pixels[10:])
    with tarfile.open(folder.with_suffix(".tar.gz"), "w:gz") as archive:
        archive.add(folder, folder.name)
    for source in (folder, folder.with_suffix(".tar.gz")):
        found = seen(source)
        np.testing.assert_array_equal(found.pixels, pixels[:10])
        assert found.labels == NAMES
        assert seen(f"{source}@unlabeled").classes == ()
    alone = seen(folder / "train_X.bin")
    np.testing.assert_array_equal(alone.pixels, pixels[:10])
    assert alone.labels == NAMES


def test_a_file_that_is_cut_short_is_refused(folder: Path, noise, seen) -> None:
    write(folder, "train", noise(2, 96, 96, 3), np.array([1, 2]))
    content = (folder / "train_X.bin").read_bytes()
    (folder / "train_X.bin").write_bytes(content[:-1])
    with pytest.raises(
        Refused, match="cannot be read as STL-10's bytes: 55,295 bytes are not a whole number of pictures"
    ):
        seen(folder)
