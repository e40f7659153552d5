"""Scatters: the window belongs to the reals."""

from pathlib import Path

import numpy as np
from PIL import Image

from honmono.reports.figures.points import scatter, window


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def vermilion(picture: np.ndarray) -> np.ndarray:
    """Where a picture is reddish."""
    return picture[..., 0] - picture[..., 2] > 60


REAL = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32)


def test_the_frame_does_not_depend_on_the_fakes(tmp_path: Path) -> None:
    near = REAL[:200] * 0.9
    scatter(REAL, None, tmp_path / "real.png")
    scatter(REAL, near, tmp_path / "near.png")
    scatter(REAL, REAL[:200] * 1000, tmp_path / "far.png")
    real, near_, far = (pixels(tmp_path / f"{name}.png") for name in ("real", "near", "far"))
    assert real.shape == near_.shape == far.shape == (624, 600, 3)
    below = slice(40, None)  # the legend is above
    np.testing.assert_array_equal(real[below][~vermilion(far[below])], far[below][~vermilion(far[below])])
    assert vermilion(near_[below]).sum() > 500
    assert vermilion(real[below]).sum() == 0


def test_points_outside_the_window_or_not_finite_are_left_out(tmp_path: Path) -> None:
    fake = np.array([[np.nan, 0], [np.inf, 0], [1e9, 1e9]], np.float32)
    scatter(REAL, fake, tmp_path / "a.png")
    assert vermilion(pixels(tmp_path / "a.png")[40:]).sum() == 0


def test_reals_in_one_place_have_a_window_too(tmp_path: Path) -> None:
    scatter(np.zeros((5, 2)), np.zeros((3, 2)), tmp_path / "a.png")
    assert vermilion(pixels(tmp_path / "a.png")[40:]).any()


def test_it_is_a_square_around_the_reals_with_a_margin() -> None:
    low, high = window(np.array([[0.0, 5.0], [10.0, 7.0], [4.0, 6.0]]))
    np.testing.assert_allclose(low, [5 - 6.5, 6 - 6.5])  # the wider extent, 10, and 15% of it on each side
    np.testing.assert_allclose(high, [5 + 6.5, 6 + 6.5])


def test_reals_in_one_place_have_one_too() -> None:
    low, high = window(np.ones((4, 2)))
    assert (low < 1).all() and (high > 1).all()
