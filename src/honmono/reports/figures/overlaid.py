"""The curves of several runs in one figure, for a page with a legend of their strokes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from honmono.reports.figures.curves import LEAST_SMOOTHED, WINDOW, smoothed
from honmono.reports.figures.style import TEXT_COLOUR, Stroke, figure, style_axes_over, svg


MOST_POINTS = 400  # of a curve: more are not visible, and would make the page large
WIDTH, HEIGHT = 4.6, 2.9  # inches
WIDE = 30.0  # ratio of maximum and minimum above which the axis is logarithmic


@dataclass(frozen=True)
class Curve:
    """One run's values over images seen, or over another `x`; None and values that are not finite are omitted."""

    stroke: Stroke
    x: Sequence[float | None]
    values: Sequence[float | None]


def overlaid(curves: Sequence[Curve], logarithmic: bool = False, over: str = "images seen") -> bytes | None:
    """An SVG of the curves, each smoothed where it is long; None where none has a finite value.

    logarithmic: whether the axis may be logarithmic, for positive values of a wide range.
    over: the name of the x axis.
    """
    drawn = [(curve.stroke, *_finite(curve)) for curve in curves]
    drawn = [line for line in drawn if len(line[1])]
    if not drawn:
        return None
    made = figure(WIDTH, HEIGHT)
    axes = made.subplots()
    style_axes_over(axes, over)
    for stroke, x, values in drawn:
        _draw(axes, stroke, x, values)
    every = np.concatenate([values for _, _, values in drawn])
    if logarithmic and every.min() > 0 and every.max() > WIDE * every.min():
        axes.set_yscale("log")
        axes.set_ylabel("logarithmic", fontsize=9, color=TEXT_COLOUR)
    return svg(made)


def _draw(axes, stroke: Stroke, x: np.ndarray, values: np.ndarray) -> None:
    look = {"color": stroke.colour, "linewidth": 1.6, "alpha": 0.9}
    if len(values) < LEAST_SMOOTHED:
        look |= {"marker": "o", "markersize": 3}
    else:
        values = smoothed(values, round(WINDOW * len(values)))
    kept = slice(None, None, max(1, math.ceil(len(values) / MOST_POINTS)))
    axes.plot(x[kept], values[kept], linestyle=(0, stroke.dashes) if stroke.dashes else "-", **look)


def _finite(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    pairs = zip(curve.x, curve.values, strict=True)
    kept = [(at, value) for at, value in pairs if at is not None and value is not None and math.isfinite(value)]
    x, values = np.array(kept, dtype=float).reshape(-1, 2).T
    return x, values
