"""The curves of a run over images seen: losses of each player, learning rates and speed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from honmono.reports.figures.style import GREEN, PALETTE, SKY, TEXT_COLOUR, VERMILION, panels, save
from honmono.runs.log import METRIC, STATISTIC


if TYPE_CHECKING:
    from matplotlib.axes import Axes

Columns = Mapping[str, Sequence[int | float | None]]

LEAST_SMOOTHED = 50  # rows; shorter curves are shown as they are
STATISTICS, LEARNING_RATE, SPEED = "statistics", "learning rate", "images per second"  # panels
WINDOW = 0.03  # of a curve's length: the span of the moving average


def curves(columns: Columns, path: Path, title: str) -> None:
    """Draws a panel for each player's losses, one for the objective's statistics if it has any, one for the learning
    rates and one for the speed.

    columns: from `honmono.runs.log.read`, at least one row.
    Raw values are faint, their centred moving average is strong. Values that are not finite are gaps, and a dotted line
    marks the first of them.
    """
    contents = contents_of(columns)
    made, drawn = panels(list(contents), title)
    colours = _loss_colours(contents)
    for name, lines in contents.items():
        axes = drawn[name]
        for label, column in lines.items():
            images, values = _measured(columns, column)
            if name == LEARNING_RATE:
                _draw_rate(axes, images, values, label)
            else:
                _draw(axes, images, values, label, colours.get(label, GREEN))
        _mark_not_finite(axes, columns, lines.values())
        axes.set_xlim(0, 1.02 * max(images for images in columns["images"] if images is not None))
        if name in (LEARNING_RATE, SPEED):
            axes.margins(y=0.1)
            axes.set_ylim(bottom=0)
        if name != SPEED:
            axes.legend(fontsize=8, frameon=False, labelcolor=TEXT_COLOUR)
    save(made, path)


def smoothed(values: Float[np.ndarray, " rows"], span: int) -> Float[np.ndarray, " rows"]:
    """The mean of the finite values in a window of span // 2 rows before and after each row; NaN stays NaN.

    The window is shorter at both ends.
    """
    finite = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(finite, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(finite)])
    middle = np.arange(len(values))
    first, last = np.maximum(middle - span // 2, 0), np.minimum(middle + span // 2 + 1, len(values))
    means = (sums[last] - sums[first]) / np.maximum(counts[last] - counts[first], 1)
    return np.where(finite, means, np.nan)


def contents_of(columns: Columns) -> dict[str, dict[str, str]]:
    """Panel -> label -> column. The prefix of a column is a player, `statistic`, `learning_rate` or `metric`."""
    losses: dict[str, dict[str, str]] = {}
    statistics: dict[str, str] = {}
    rates: dict[str, str] = {}
    for column in columns:
        group, dot, name = column.partition(".")
        if group == "learning_rate":
            rates[name] = column
        elif group == STATISTIC:
            statistics[name] = column
        elif dot and group != METRIC:  # too few values for these curves; see reports/figures/measured.py
            losses.setdefault(f"{group} loss", {})[name] = column
    speed = {name: name for name in columns if name == "images_per_second"}
    contents = {**losses, STATISTICS: statistics, LEARNING_RATE: rates, SPEED: speed}
    return {name: lines for name, lines in contents.items() if lines}


def _loss_colours(contents: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """A colour for each loss name, the same in all panels."""
    labels = [label for panel, lines in contents.items() if panel.endswith(" loss") for label in lines]
    return dict(zip(dict.fromkeys(labels), cycle(PALETTE), strict=False))


def _measured(columns: Columns, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Images seen and values of a column without its empty cells; values that are not finite become NaN."""
    pairs = [pair for pair in zip(columns["images"], columns[column], strict=True) if pair[1] is not None]
    images, values = np.array(pairs, dtype=float).reshape(-1, 2).T
    return images, np.where(np.isfinite(values), values, np.nan)


def _draw(axes: "Axes", images: np.ndarray, values: np.ndarray, label: str, colour: str) -> None:
    if len(values) < LEAST_SMOOTHED:
        axes.plot(images, values, color=colour, label=label, marker="o", markersize=3, linewidth=1.4)
        return
    axes.plot(images, values, color=colour, alpha=0.25, linewidth=0.7)
    strong = smoothed(values, round(WINDOW * len(values)))
    axes.plot(images, strong, color=colour, label=label, linewidth=1.7, zorder=3)


def _draw_rate(axes: "Axes", images: np.ndarray, values: np.ndarray, label: str) -> None:
    # Equal rates overlap: the wide line is visible on both sides of the narrow one.
    colour, width, layer = (SKY, 5, 2) if label == "discriminator" else (VERMILION, 1.5, 3)
    marker = "o" if len(values) == 1 else None  # a single row has no line
    axes.plot(images, values, label=label, color=colour, lw=width, zorder=layer, marker=marker, markersize=2 * width)


def _mark_not_finite(axes: "Axes", columns: Columns, names: Iterable[str]) -> None:
    """Draws a dotted line at the first NaN or infinity in these columns."""
    bad = [
        images
        for name in names
        for images, value in zip(columns["images"], columns[name], strict=True)
        if images is not None and value is not None and not math.isfinite(value)
    ]
    if bad:
        axes.axvline(min(bad), color=TEXT_COLOUR, linestyle=":", linewidth=1.2, label="not finite from here")
