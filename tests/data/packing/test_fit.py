import numpy as np
import pytest
from PIL import Image

from honmono.data.packing.fit import Fit, Resample, fitted


def fit(pixels: np.ndarray, size: int, how: Fit) -> np.ndarray:
    return np.asarray(fitted(Image.fromarray(pixels), size, how))


@pytest.mark.parametrize("how", ["crop", "pad", "resize"])
def test_what_fits_is_not_resampled(how: Fit) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    np.testing.assert_array_equal(fit(noise, 9, how), noise)


def test_crop_keeps_the_middle() -> None:
    pixels = np.arange(4 * 7, dtype=np.uint8).reshape(4, 7)
    np.testing.assert_array_equal(fit(pixels, 4, "crop"), pixels[:, 1:5])
    np.testing.assert_array_equal(fit(pixels.T.copy(), 4, "crop"), pixels.T[1:5])


def test_crop_scales_the_short_side() -> None:
    pixels = np.zeros((8, 24), np.uint8)
    pixels[:, 8:16] = 200
    assert (fit(pixels, 4, "crop") == 200).all()
    assert (fit(pixels, 16, "crop") == 200).all()


def test_pad_puts_mnist_into_32_with_two_pixels_on_each_side() -> None:
    pixels = np.random.default_rng(0).integers(1, 256, (28, 28), dtype=np.uint8)
    padded = fit(pixels, 32, "pad")
    np.testing.assert_array_equal(padded[2:30, 2:30], pixels)
    assert np.count_nonzero(padded) == 28 * 28


def test_pad_scales_the_long_side_down() -> None:
    padded = fit(np.full((20, 40, 3), 90, np.uint8), 10, "pad")
    assert (padded[2:7] == 90).all() and not padded[:2].any() and not padded[7:].any()


def test_resize_stretches() -> None:
    pixels = np.zeros((6, 12), np.uint8)
    pixels[:, 6:] = 255
    halves = fit(pixels, 6, "resize")
    assert halves.shape == (6, 6) and (halves[:, :2] < 5).all() and (halves[:, -2:] > 250).all()


def test_rectangles_keep_as_much_as_their_proportions_allow() -> None:
    pixels = np.arange(6 * 12, dtype=np.uint8).reshape(6, 12)
    np.testing.assert_array_equal(np.asarray(fitted(Image.fromarray(pixels), "6x8", "crop")), pixels[:, 2:10])
    padded = np.asarray(fitted(Image.fromarray(pixels), "8x16", "pad"))
    np.testing.assert_array_equal(padded[1:7, 2:14], pixels)
    assert padded.shape == (8, 16) and np.count_nonzero(padded) == np.count_nonzero(pixels)
    flat = np.full((20, 40), 90, np.uint8)
    halves = np.asarray(fitted(Image.fromarray(flat), "10x40", "pad"))
    assert (halves[:, 10:30] == 90).all() and not halves[:, :10].any()
    assert fitted(Image.fromarray(flat), "7x9", "resize").size == (9, 7)


@pytest.mark.parametrize("resample", ["bilinear", "nearest"])
def test_other_filters_are_pillow_s_own_however_large_the_picture(resample: Resample) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8))
    expected = noise.resize((8, 8), Image.Resampling[resample.upper()])
    np.testing.assert_array_equal(fitted(noise, 8, "crop", resample=resample), expected)
