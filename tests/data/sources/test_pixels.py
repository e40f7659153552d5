"""Arrays as people save them: their values, and which way they lie."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from honmono.data.pictures import Pictures
from honmono.errors import Refused


Change = Callable[[np.ndarray], np.ndarray]
RANDOM = np.random.default_rng(0)


def read(folder: Path, array: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The pixels as they are trained on (0..255, channels last), and what is said of them."""
    np.save(folder / "x.npy", array)
    opened = Pictures(source=str(folder / "x.npy"), range=(0, 255)).open()
    assert opened.length is not None
    real = opened.gather(np.arange(opened.length), np.random.default_rng(0)).real
    return real.permute(0, 2, 3, 1).numpy(), opened.record["notes"]


def levels(number: int) -> np.ndarray:
    """Six grey pictures of whole numbers; the first has the least and the greatest, the last is dark."""
    found = RANDOM.integers(0, number, (6, 8, 8))
    found[0, 0, :2], found[5] = (0, number - 1), found[5] // 4
    return found


WHOLE: dict[str, tuple[int, Change]] = {
    "0 and 1": (2, lambda x: x.astype(np.uint8)),
    "0 and 1 of 64 bits": (2, lambda x: x),
    "0 and 1 as fractions": (2, lambda x: x.astype(np.float32)),
    "false and true": (2, lambda x: x.astype(bool)),
    "0 to 16": (17, lambda x: x.astype(np.uint8)),
    "0 to 16 as fractions": (17, lambda x: x.astype(np.float64)),
    "0 to 255 as fractions": (256, lambda x: x.astype(np.float32)),
    "10 bits": (1024, lambda x: x.astype(np.uint16)),
    "12 bits": (4096, lambda x: x.astype(np.uint16)),
    "12 bits with a sign": (4096, lambda x: x.astype(np.int16)),
    "14 bits": (16384, lambda x: x.astype(np.int32)),
    "16 bits": (65536, lambda x: x.astype(np.uint16)),
    "16 bits, the upper byte first": (65536, lambda x: x.astype(">u2")),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_numbers_are_read_by_the_range_that_the_set_uses(tmp_path: Path, kind: str) -> None:
    number, change = WHOLE[kind]
    stored = levels(number)
    found, notes = read(tmp_path, change(stored))
    np.testing.assert_array_equal(found[..., 0], np.rint(stored * (255 / (number - 1))))
    unusual = number != 256 and "false" not in kind
    assert any(f"{number - 1:g} is white" in note for note in notes) == unusual


def test_a_range_is_that_of_all_bits_in_use_and_not_of_the_largest_number(tmp_path: Path) -> None:
    found, _ = read(tmp_path, np.array([0, 3000], np.uint16).repeat(128).reshape(4, 8, 8))
    assert {*found.ravel().tolist()} == {0, round(3000 * 255 / 4095)}
    found, _ = read(tmp_path, np.full((4, 8, 8), 60, np.uint8))
    assert {*found.ravel().tolist()} == {60}


FRACTIONS: dict[str, tuple[Change, float, float]] = {
    "0..1, the upper byte first": (lambda x: x.astype(">f4"), 0, 1),
    "0..255": (lambda x: x * 254.5, 0, 255),
    "-1..1": (lambda x: x * 2 - 1, -1, 1),
    "standardised": (lambda x: (x * 7 - 3).astype(np.float32), -3, 4),
}


@pytest.mark.parametrize("kind", FRACTIONS)
def test_fractions_have_one_range_for_all_pictures(tmp_path: Path, kind: str) -> None:
    change, black, white = FRACTIONS[kind]
    stored = RANDOM.random((6, 8, 8, 3))
    stored[0, 0, :2], stored[5] = [[0] * 3, [1] * 3], stored[5] / 4
    stored = change(stored)
    found, notes = read(tmp_path, stored)
    expected = (stored.astype(np.float64) - black) * (255 / (white - black))
    np.testing.assert_allclose(found, expected, atol=0.51)
    said = any(f"{black:g} is black and {white:g} is white" in note for note in notes)
    assert said == ((black, white) != (0, 1))


LAYOUTS: dict[str, Change] = {
    "channels first": lambda x: x.transpose(0, 3, 1, 2),
    "channels last": lambda x: x,
    "the pictures last": lambda x: x.transpose(1, 2, 3, 0),
    "flat planes": lambda x: x.transpose(0, 3, 1, 2).reshape(len(x), -1),
    "column by column in memory": np.asfortranarray,
}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_colours_lie_upright_in_every_layout(tmp_path: Path, kind: str) -> None:
    pixels = RANDOM.integers(0, 256, (7, 12, 12, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read(tmp_path, LAYOUTS[kind](pixels))[0], pixels)


def test_rows_of_squares_are_grey_pictures(tmp_path: Path) -> None:
    pixels = RANDOM.integers(0, 256, (7, 28, 28), dtype=np.uint8)
    np.testing.assert_array_equal(read(tmp_path, pixels.reshape(7, 784))[0][..., 0], pixels)


@pytest.mark.parametrize("shape", [(64, 64, 4), (64, 48, 3), (5, 200, 3)])
def test_one_picture_is_no_set(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(Refused, match=f"holds one picture of {shape[1]}x{shape[0]} pixels"):
        read(tmp_path, np.zeros(shape, np.uint8))
