"""Curves: the smoothing in numbers, and that every log can be drawn."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from honmono.reports.figures.curves import curves, smoothed
from honmono.reports.figures.style import VERMILION


def columns(rows: int, fake: Sequence[float | None]) -> dict[str, list]:
    return {
        "step": list(range(1, rows + 1)),
        "images": [64 * step for step in range(1, rows + 1)],
        "images_per_second": [1000.0] * rows,
        "discriminator.real": [0.5] * rows,
        "generator.fake": list(fake),
        "learning_rate.discriminator": [1e-4] * rows,
        "learning_rate.generator": [1e-4] * rows,
    }


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_smoothing_is_a_centred_mean_cut_off_at_the_ends() -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    np.testing.assert_allclose(smoothed(values, 3), [1.5, 7 / 3, 14 / 3, 28 / 3, 12.0])
    np.testing.assert_allclose(smoothed(values, 1), values)
    line = np.linspace(-3, 5, 50)
    np.testing.assert_allclose(smoothed(line, 11)[5:-5], line[5:-5])


def test_smoothing_passes_over_what_is_not_finite() -> None:
    values = np.array([1.0, np.nan, 3.0, np.nan])
    np.testing.assert_allclose(smoothed(values, 3), [1.0, np.nan, 3.0, np.nan])


@pytest.mark.parametrize(
    "fake",
    [
        pytest.param([0.7], id="one row"),
        pytest.param([math.nan], id="one row that is NaN"),
        pytest.param([None, 0.7, None], id="measured now and then"),
        pytest.param([0.7] * 90 + [math.inf, -math.inf, math.nan] * 10, id="diverged"),
        pytest.param([1e30, -1e30] * 100, id="huge"),
    ],
)
def test_every_log_can_be_drawn(tmp_path: Path, fake: list[float | None]) -> None:
    curves(columns(len(fake), fake), tmp_path / "curves.png", "run")
    assert pixels(tmp_path / "curves.png").shape == (780, 1200, 3)


def test_a_run_without_speed_or_rates_gets_fewer_panels(tmp_path: Path) -> None:
    curves({"step": [1], "images": [64], "generator.fake": [0.7]}, tmp_path / "curves.png", "run")
    assert pixels(tmp_path / "curves.png").shape == (420, 1200, 3)


def test_what_was_measured_is_no_loss(tmp_path: Path) -> None:
    log = {"step": [1], "images": [64], "generator.fake": [0.7], "metric.fid[mnist]": [3.0], "metric.modes": [25]}
    curves(log, tmp_path / "curves.png", "run")
    assert pixels(tmp_path / "curves.png").shape == (420, 1200, 3)  # one row of panels, as without them


def test_statistics_have_a_panel_of_their_own(tmp_path: Path) -> None:
    log = {"step": [1], "images": [64], "generator.fake": [0.7], "discriminator.real": [0.7]}
    curves({**log, "statistic.real_sign": [0.2]}, tmp_path / "curves.png", "run")
    assert pixels(tmp_path / "curves.png").shape == (780, 1200, 3)  # a second row of panels


def test_the_curve_is_where_the_loss_is(tmp_path: Path) -> None:
    log = {"step": [1, 2], "images": [64, 128], "discriminator.real": [0, 0], "discriminator.fake": [1.0, 0.0]}
    curves(log, tmp_path / "curves.png", "run")
    red, green, blue = (int(VERMILION[place : place + 2], 16) for place in (1, 3, 5))
    rows, across = np.nonzero((pixels(tmp_path / "curves.png") == (red, green, blue)).all(axis=2))
    drawn = across < across.max() - 5  # without the line's end
    assert np.corrcoef(across[drawn], rows[drawn])[0, 1] > 0.5  # falls from left to right: rows count downwards
