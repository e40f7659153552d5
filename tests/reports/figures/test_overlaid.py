"""Curves of several runs on one pair of axes: the same bytes each time, for a light page and a dark one."""

import math
import re
from xml.etree import ElementTree

import pytest

from honmono.reports.figures.overlaid import MOST_POINTS, Curve, overlaid
from honmono.reports.figures.style import STROKES


def drawn(*values: list[float | None], logarithmic: bool = False) -> str:
    curves = [Curve(stroke, range(len(own)), own) for stroke, own in zip(STROKES, values, strict=False)]
    svg = overlaid(curves, logarithmic)
    assert svg is not None
    return svg.decode()


def test_every_run_has_its_stroke() -> None:
    svg = drawn([1.0, 2.0], [2.0, 1.0])
    ElementTree.fromstring(svg)
    for stroke in STROKES[:2]:
        assert f"stroke: {stroke.colour.lower()}" in svg
    assert STROKES[2].colour.lower() not in svg


def test_it_is_the_same_each_time_and_names_no_time() -> None:
    assert drawn([1.0, 2.0]) == drawn([1.0, 2.0])
    assert not re.search(r"<dc:date>|<metadata>", drawn([1.0, 2.0]))


def test_letters_are_text_and_a_dark_page_is_provided_for() -> None:
    svg = drawn([1.0, 2.0])
    assert ">images seen</text>" in svg and "prefers-color-scheme: dark" in svg
    assert not re.search(r"(href|src)\s*=\s*[\"']http", svg)


@pytest.mark.parametrize("values", [[], [None], [math.nan, math.inf, None]])
def test_nothing_to_draw_is_no_figure(values: list[float | None]) -> None:
    assert overlaid([Curve(STROKES[0], range(len(values)), values)]) is None
    assert overlaid([]) is None


def test_what_is_not_finite_is_left_out() -> None:
    assert "nan" not in drawn([1.0, math.nan, None, math.inf, 2.0], [3.0]).lower().replace("dominant", "")


def test_long_curves_are_thinned() -> None:
    few, many = (
        drawn([math.sin(at / 30) for at in range(MOST_POINTS)]),
        drawn([math.sin(at / 3000) for at in range(40_000)]),
    )
    assert len(many) < 1.5 * len(few)


@pytest.mark.parametrize(
    ("values", "asked", "log"),
    [([300.0, 4.0], True, True), ([300.0, 4.0], False, False), ([5.0, 4.0], True, False), ([300.0, 0.0], True, False)],
)
def test_far_apart_positive_values_may_have_a_logarithmic_axis(values: list, asked: bool, log: bool) -> None:
    assert (">logarithmic</text>" in drawn(values, logarithmic=asked)) == log
