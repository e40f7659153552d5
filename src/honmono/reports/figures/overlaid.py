"""The curves of several runs on one pair of axes, for a page that names their strokes in a key."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from honmono.reports.figures.curves import LEAST_SMOOTHED, WINDOW, smoothed
from honmono.reports.figures.style import INK, Stroke, dress_over_images, figure, svg


MOST_POINTS = 400  # of a curve: more than that no screen shows, and the page would carry them all
WIDTH, HEIGHT = 4.6, 2.9  # inches
WIDE = 30.0  # times the least value: from here on positive values are drawn on a logarithmic axis


@dataclass(frozen=True)
class Curve:
    """One run's values against images seen; what is None or not finite is left out."""

    stroke: Stroke
    images: Sequence[float | None]
    values: Sequence[float | None]


def overlaid(curves: Sequence[Curve], logarithmic: bool = False) -> bytes | None:
    """An SVG of the curves, each smoothed where it is long; None where none has a finite value.

    logarithmic: whether the axis may be, where values are positive and lie far apart.
    """
    drawn = [(curve.stroke, *_finite(curve)) for curve in curves]
    drawn = [line for line in drawn if len(line[1])]
    if not drawn:
        return None
    made = figure(WIDTH, HEIGHT)
    axes = made.subplots()
    dress_over_images(axes)
    for stroke, images, values in drawn:
        _draw(axes, stroke, images, values)
    every = np.concatenate([values for _, _, values in drawn])
    if logarithmic and every.min() > 0 and every.max() > WIDE * every.min():
        axes.set_yscale("log")
        axes.set_ylabel("logarithmic", fontsize=9, color=INK)
    return svg(made)


def _draw(axes, stroke: Stroke, images: np.ndarray, values: np.ndarray) -> None:
    look = {"color": stroke.colour, "linewidth": 1.6, "alpha": 0.9}
    if len(values) < LEAST_SMOOTHED:
        look |= {"marker": "o", "markersize": 3}
    else:
        values = smoothed(values, round(WINDOW * len(values)))
    kept = slice(None, None, max(1, math.ceil(len(values) / MOST_POINTS)))
    axes.plot(images[kept], values[kept], linestyle=(0, stroke.dashes) if stroke.dashes else "-", **look)


def _finite(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    pairs = zip(curve.images, curve.values, strict=True)
    kept = [(at, value) for at, value in pairs if at is not None and value is not None and math.isfinite(value)]
    images, values = np.array(kept, dtype=float).reshape(-1, 2).T
    return images, values
