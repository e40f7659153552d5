"""The picture of what was measured during training: a panel for each number, and the best where it is."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from honmono.reports.figures.measured import measured
from honmono.reports.figures.style import BLUE, VERMILION


def line(step: int, metrics: dict[str, float | None], **other: Any) -> dict[str, Any]:
    return {"step": step, "checkpoint": step, "images": 64 * step, "metrics": metrics, "protocol": {}} | other


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def of_colour(path: Path, colour: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels of exactly this colour."""
    wanted = tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))
    rows, columns = np.nonzero((pixels(path) == wanted).all(axis=2))
    return rows, columns


def test_a_panel_for_each_number_and_none_for_its_parts(tmp_path: Path) -> None:
    labels = {"label_fidelity[mnist]": 0.9, "label_fidelity[mnist].7": 0.5, "label_fidelity[mnist].8": None}
    lines = [line(step, {"fid[mnist]": 9.0 / step, **labels, "modes": 25}) for step in (1, 2)]
    measured(lines, 2, tmp_path / "metrics.png", "run")
    assert pixels(tmp_path / "metrics.png").shape == (780, 1200, 3)  # three panels in two rows


def test_the_best_is_marked_where_it_is(tmp_path: Path) -> None:
    lines = [line(step, {"fid[mnist]": value}) for step, value in ((1, 9.0), (2, 3.0), (3, 6.0))]
    for best, place in ((1, 1 / 3), (2, 2 / 3), (3, 1.0)):
        measured(lines, best, tmp_path / f"{best}.png", "run")
        _, across = of_colour(tmp_path / f"{best}.png", VERMILION)
        _, curve = of_colour(tmp_path / f"{best}.png", BLUE)
        # The curve spans images 64 to 192, of which the best lies at `place`.
        assert across.mean() == pytest.approx(np.interp(place, (1 / 3, 1), (curve.min(), curve.max())), abs=8)
    measured(lines, None, tmp_path / "none.png", "run")
    assert of_colour(tmp_path / "none.png", VERMILION)[0].size == 0


def test_numbers_of_another_protocol_are_not_joined(tmp_path: Path) -> None:
    few, many = (
        {"fid[mnist]": {"better": {"fid[mnist]": "lower"}, "conditions": {"fakes": fakes}, "context": {}}}
        for fakes in (100, 10_000)
    )
    lines = [line(step, {"fid[mnist]": 5.0}, protocol=few if step < 3 else many) for step in (1, 2, 3, 4)]
    measured(lines, 3, tmp_path / "mixed.png", "run")
    measured(lines[2:], 3, tmp_path / "new.png", "run")
    assert (pixels(tmp_path / "mixed.png") == pixels(tmp_path / "new.png")).all()


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([line(1, {"modes": 3})], id="once"),
        pytest.param([line(1, {"modes": None}), line(2, {"modes": None})], id="never finite"),
        pytest.param([line(1, {})], id="nothing"),
        pytest.param([line(0, {"modes": 3})], id="before the first image"),
        pytest.param([line(1, {"modes": 3}), line(2, {"fid[mnist]": math.pi})], id="now this, now that"),
        pytest.param([line(s, {"modes": s}, intervals={"modes": [s - 1, s + 1]}) for s in (1, 2)], id="intervals"),
        pytest.param([line(1, {"modes": 1}), line(2, {"modes": 2}, intervals={"modes": [1, None]})], id="a gap"),
    ],
)
def test_whatever_was_measured_can_be_drawn(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    measured(lines, 1, tmp_path / "metrics.png", "run")
    assert pixels(tmp_path / "metrics.png").shape == (420, 1200, 3)
