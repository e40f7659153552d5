"""Landscapes: what a run kept of the plane, drawn; numbers are told as they are."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from honmono.reports.figures.landscape import Landscape, extremes, landscape, landscapes_in, load, mixture


AXIS = np.linspace(-1, 1, 21)
BOWL = (AXIS[:, None] ** 2 + AXIS[None] ** 2).astype(np.float32)
POINTS = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32) / 3
CORNERS = np.array([-1, -1], np.float32), np.array([1, 1], np.float32)


def shown(**values: np.ndarray) -> Landscape:
    return Landscape(POINTS, *CORNERS, values)


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB")).astype(int)


def test_what_was_kept_is_found_in_the_order_of_steps_and_read(tmp_path: Path) -> None:
    for step in (20, 0, 100):
        arrays = {"points": POINTS, "low": CORNERS[0], "high": CORNERS[1], "scores": BOWL + step}
        np.savez(tmp_path / f"{step:09d}.npz", allow_pickle=False, **arrays)
    np.savez(tmp_path / "real.npz", points=POINTS, modes=np.array(1), allow_pickle=False)
    assert [path.stem for path in landscapes_in(tmp_path)] == ["000000000", "000000020", "000000100"]
    read = load(landscapes_in(tmp_path)[1])
    assert set(read.values) == {"scores"}
    np.testing.assert_array_equal(read.values["scores"], BOWL + 20)


def test_the_extremes_are_of_the_numbers_that_are_numbers() -> None:
    assert extremes(BOWL) == (0.0, 2.0)
    assert extremes(np.array([[np.nan, -3.0], [np.inf, 4.0]])) == (-3.0, 4.0)
    assert np.isnan(extremes(np.full((2, 2), np.nan))).all()


def test_each_value_has_a_panel_beside_the_points(tmp_path: Path) -> None:
    landscape(shown(scores=BOWL), POINTS, tmp_path / "one.png", title="step 1")
    landscape(shown(scores=BOWL, potential=-BOWL), POINTS, tmp_path / "two.png", title="step 1")
    one, two = picture(tmp_path / "one.png"), picture(tmp_path / "two.png")
    assert two.shape[1] == pytest.approx(1.5 * one.shape[1], abs=1) and two.shape[0] == one.shape[0]
    assert (one.max(axis=2) - one.min(axis=2) > 60)[:, one.shape[1] // 2 :].mean() > 0.2  # coloured contours


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_flat_landscape_and_one_of_no_numbers_have_no_contours(tmp_path: Path, value: float) -> None:
    landscape(shown(scores=np.full((21, 21), value, np.float32)), POINTS, tmp_path / "a.png", title="step 0")
    drawn = picture(tmp_path / "a.png")
    assert (drawn.max(axis=2) - drawn.min(axis=2) > 60)[:, drawn.shape[1] // 2 :].sum() == 0


def test_the_fitted_mixture_has_an_ellipse_around_each_mode(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    real = np.concatenate([random.normal(size=(200, 2)) * 0.1 + centre for centre in ((0, 0), (3, 0), (0, 3))])
    mixture(real, 3, tmp_path / "mixture.png")
    mixture(real[:200], 1, tmp_path / "single.png")
    three, single = (picture(tmp_path / f"{name}.png") for name in ("mixture", "single"))
    assert three.shape == single.shape == (624, 600, 3)
    colours = {tuple(c) for c in three.reshape(-1, 3) if c.max() - c.min() > 100}
    assert len(colours) > len({tuple(c) for c in single.reshape(-1, 3) if c.max() - c.min() > 100})
