"""Grids to the pixel."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from honmono.runs.images import grid, own_range, save_picture, save_png, to_uint8, viewable


@pytest.mark.parametrize("limits", [(-1.0, 1.0), (0.0, 1.0), (-0.5, 0.5)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_level_survives_the_way_to_samples_and_back(limits: tuple[float, float], dtype: torch.dtype) -> None:
    low, high = limits
    levels = torch.arange(256, dtype=dtype)
    samples = (levels / 255 * (high - low) + low).reshape(1, 1, 16, 16)
    np.testing.assert_array_equal(to_uint8(samples, limits).ravel(), np.arange(256))


def test_what_lies_outside_the_range_is_clipped() -> None:
    samples = torch.tensor([-7.0, 7.0, torch.nan, torch.inf, -torch.inf, 0.0]).reshape(1, 1, 2, 3)
    assert to_uint8(samples, (-1.0, 1.0)).ravel().tolist() == [0, 255, 0, 255, 0, 128]


def test_levels_are_rounded_down_and_moved_if_a_grid_says_so() -> None:
    samples = torch.tensor([-0.5, -0.25, 0.0, 0.4, 0.5, torch.nan]).reshape(1, 1, 2, 3)
    assert to_uint8(samples, (-0.5, 0.5)).ravel().tolist() == [0, 64, 128, 230, 255, 0]  # 63.75, 127.5, 229.5
    assert to_uint8(samples, (-0.5, 0.5), rounding="down").ravel().tolist() == [0, 63, 127, 229, 255, 0]
    assert to_uint8(samples, (-0.5, 0.5), offset=0.5).ravel().tolist() == [0, 64, 128, 230, 255, 0]
    assert to_uint8(samples + 0.001, (-0.5, 0.5), offset=0.5).ravel().tolist() == [1, 65, 128, 230, 255, 0]


def test_the_range_of_samples_is_never_empty() -> None:
    assert own_range(torch.tensor([0.25, -0.5]).reshape(1, 1, 1, 2)) == (-0.5, 0.25)
    low, high = own_range(torch.ones(1, 1, 2, 2))
    assert (low, high) == (1.0, pytest.approx(1.00001, abs=1e-12))


def test_small_pictures_are_enlarged_without_smoothing() -> None:
    digits = np.random.default_rng(0).integers(0, 256, (10, 1, 8, 8), dtype=np.uint8)
    made = grid(digits, columns=8)
    # (512 - 9 gaps of 2) / (8 pictures of 8) = 7.7: eight times.
    assert made.mode == "L" and made.size == (8 * 64 + 9 * 2, 2 * 64 + 3 * 2)
    pixels = np.asarray(made)
    for place, picture in enumerate(digits):
        top, left = 2 + place // 8 * 66, 2 + place % 8 * 66
        cell = pixels[top : top + 64, left : left + 64]
        np.testing.assert_array_equal(cell, np.kron(picture[0], np.ones((8, 8), np.uint8)))
    assert (pixels[68:, 2 + 2 * 66 :] == 255).all()  # places left free
    assert (pixels[:2] == 255).all() and (pixels[:, -2:] == 255).all() and (pixels[66:68] == 255).all()


def test_large_pictures_stay_as_they_are_and_keep_their_colours() -> None:
    pictures = np.zeros((4, 3, 256, 258), np.uint8)
    pictures[1, 0] = 200
    made = grid(pictures, columns=2)
    assert made.mode == "RGB" and made.size == (2 * 258 + 6, 2 * 256 + 6)
    assert made.getpixel((300, 50)) == (200, 0, 0) and made.getpixel((50, 50)) == (0, 0, 0)


def test_transparent_pictures_keep_their_transparency_and_can_be_viewed(tmp_path: Path) -> None:
    pictures = np.zeros((2, 4, 256, 256), np.uint8)
    pictures[:, :, :128] = np.array([255, 255, 255, 255])[None, :, None, None]
    made = grid(pictures, columns=2)
    assert made.mode == "RGBA" and made.getpixel((0, 0)) == (0, 0, 0, 0) and made.getpixel((9, 9)) == (255,) * 4
    seen = np.asarray(viewable(made))
    assert seen.shape == (260, 518, 3) and (seen[10, 10] == 255).all()
    assert {*seen[200].ravel().tolist()} == {102, 153}
    save_picture(made, tmp_path / "seen.jpg")
    with Image.open(tmp_path / "seen.jpg") as read:
        assert np.abs(np.asarray(read).astype(int) - seen).max() < 30


@pytest.mark.parametrize(("number", "columns"), [(1, 1), (16, 4), (64, 8), (100, 10)])
def test_no_grid_is_narrow(number: int, columns: int) -> None:
    made = grid(np.zeros((number, 1, 28, 28), np.uint8), columns)
    assert 512 <= made.width < 512 + 28 * columns


def test_a_png_reads_back(tmp_path: Path) -> None:
    made = grid(np.random.default_rng(1).integers(0, 256, (4, 3, 8, 8), dtype=np.uint8), columns=2)
    save_png(made, tmp_path / "000000600.png")
    assert [path.name for path in tmp_path.iterdir()] == ["000000600.png"]
    with Image.open(tmp_path / "000000600.png") as read:
        np.testing.assert_array_equal(np.asarray(read), np.asarray(made))
