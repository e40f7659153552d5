"""Kaggle's tables, written by NumPy."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from honmono.errors import Refused


def write(path: Path, table: np.ndarray, head: list[str] | None) -> None:
    np.savetxt(path, table, "%d", ",", header=",".join(head or ()), comments="")
    if head is None:
        path.write_text(path.read_text().removeprefix("\n"))


@pytest.mark.parametrize("first", [0, 1])
def test_a_label_and_pixels_with_names(tmp_path: Path, noise, seen, first: int) -> None:
    pixels, labels = noise(5, 28, 28), np.array([0, 3, 24, 3, 0])
    head = ["label", *(f"pixel{number}" for number in range(first, first + 784))]
    write(tmp_path / "sign_mnist_train.csv", np.hstack([labels[:, None], pixels.reshape(5, 784)]), head)
    write(tmp_path / "sign_mnist_test.csv", np.hstack([labels[:2, None], pixels[:2].reshape(2, 784)]), head)
    for source in (tmp_path, tmp_path / "sign_mnist_train.csv"):
        found = seen(source)
        np.testing.assert_array_equal(found.pixels, pixels)
        assert found.classes == ("0", "3", "24") and found.labels == ["0", "3", "24", "3", "0"]
    np.testing.assert_array_equal(seen(f"{tmp_path}@test").pixels, pixels[:2])


def test_tables_without_names_or_labels(tmp_path: Path, noise, seen) -> None:
    pixels, colour = noise(5, 28, 28), noise(5, 8, 8, 3)
    write(tmp_path / "mnist_train.csv", np.hstack([np.arange(5)[:, None], pixels.reshape(5, 784)]), None)
    write(tmp_path / "test.csv", pixels.reshape(5, 784), [f"pixel{number}" for number in range(784)])
    write(tmp_path / "colour.csv", colour.transpose(0, 3, 1, 2).reshape(5, 192), None)
    found = seen(tmp_path / "mnist_train.csv")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.labels == list("01234")
    np.testing.assert_array_equal(seen(tmp_path / "test.csv").pixels, pixels)
    np.testing.assert_array_equal(seen(tmp_path / "colour.csv").pixels, colour)


@pytest.mark.parametrize(
    ("text", "why"),
    [("id,name\n1,cat\n", "not all of it is numbers"), ("a,b,c\n1,2,3\n", "shape"), ("label,pixel0\n", "no lines")],
)
def test_other_tables_are_one_line(tmp_path: Path, seen, text: str, why: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(Refused, match=why) as refusal:
        seen(tmp_path / "a.csv")
    assert "\n" not in str(refusal.value)


def test_tables_in_an_archive(tmp_path: Path, noise, seen) -> None:
    pixels = noise(5, 28, 28)
    head = ["label", *(f"pixel{number}" for number in range(784))]
    write(tmp_path / "train.csv", np.hstack([np.arange(5)[:, None], pixels.reshape(5, 784)]), head)
    with zipfile.ZipFile(tmp_path / "digits.zip", "w") as archive:
        archive.write(tmp_path / "train.csv", "train.csv")
    found = seen(tmp_path / "digits.zip")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.labels == list("01234")
