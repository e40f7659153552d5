"""The numbers that were measured during training over images seen, with the best checkpoint marked."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from honmono.reports.figures.style import BLUE, SKY, VERMILION, panels, save
from honmono.runs.evaluations import Line, comparable, is_detail


if TYPE_CHECKING:
    from matplotlib.axes import Axes


def measured(lines: Sequence[Line], best: int | None, path: Path, title: str) -> None:
    """Draws a panel for each number, with faint curves for its details (its classes) and a band for its interval.

    lines: from `honmono.runs.evaluations.of_training`, at least one; lines that are not comparable with the newest are
        omitted.
    best: the step of the best checkpoint, marked in every panel.
    """
    keys = list(dict.fromkeys(key for line in lines for key in line["metrics"]))
    where = "" if best is None else f"; best at step {best:,}"
    made, drawn = panels([key for key in keys if not is_detail(key)], f"{title}{where}")
    for key, axes in drawn.items():
        axes.set_xlim(0, 1.04 * max(1, *(line["images"] for line in lines)))
        axes.margins(y=0.1)
        comparable_lines = comparable(lines, key)
        for part in keys:
            if is_detail(part) and part.startswith(f"{key}."):
                axes.plot(*_points(comparable_lines, part), color=SKY, alpha=0.5, linewidth=0.8)
        _draw_interval(axes, comparable_lines, key)
        axes.plot(*_points(comparable_lines, key), color=BLUE, marker="o", markersize=3, linewidth=1.6, zorder=3)
        star = [line for line in comparable_lines if line["step"] == best]
        axes.plot(*_points(star, key), color=VERMILION, marker="*", markersize=13, zorder=4)
    save(made, path)


def _points(lines: Sequence[Line], key: str) -> tuple[list[int], list[float]]:
    """Images seen and values; missing values are gaps."""
    values = [line["metrics"].get(key) for line in lines]
    return [line["images"] for line in lines], [float("nan") if value is None else value for value in values]


def _draw_interval(axes: "Axes", lines: Sequence[Line], key: str) -> None:
    ends: list[Any] = [line.get("intervals", {}).get(key, (None, None)) for line in lines]
    if any(None not in pair for pair in ends):
        low, high = ([float("nan") if end is None else end for end in side] for side in zip(*ends, strict=True))
        axes.fill_between([line["images"] for line in lines], low, high, color=BLUE, alpha=0.15, linewidth=0)
