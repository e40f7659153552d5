"""What was measured of a run while it trained, against images seen, with the best checkpoint marked."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from honmono.reports.figures.style import BLUE, SKY, VERMILION, panels, save
from honmono.runs.evaluations import Line, comparable, is_detail


if TYPE_CHECKING:
    from matplotlib.axes import Axes


def measured(lines: Sequence[Line], best: int | None, path: Path, title: str) -> None:
    """Draws a panel for each number; the parts of one (its classes) stand faint in its panel.

    lines: what `honmono.runs.evaluations.of_training` gives, at least one; where the protocol changed, the older ones
    are left out. best: the step of the best checkpoint, marked in every panel. An interval, where there is one, is a
    band around its curve.
    """
    keys = list(dict.fromkeys(key for line in lines for key in line["metrics"]))
    where = "" if best is None else f"; best at step {best:,}"
    made, drawn = panels([key for key in keys if not is_detail(key)], f"{title}{where}")
    for key, axes in drawn.items():
        axes.set_xlim(0, 1.04 * max(1, *(line["images"] for line in lines)))
        axes.margins(y=0.1)
        alike = comparable(lines, key)
        for part in keys:
            if is_detail(part) and part.startswith(f"{key}."):
                axes.plot(*_points(alike, part), color=SKY, alpha=0.5, linewidth=0.8)
        _draw_interval(axes, alike, key)
        axes.plot(*_points(alike, key), color=BLUE, marker="o", markersize=3, linewidth=1.6, zorder=3)
        star = [line for line in alike if line["step"] == best]
        axes.plot(*_points(star, key), color=VERMILION, marker="*", markersize=13, zorder=4)
    save(made, path)


def _points(lines: Sequence[Line], key: str) -> tuple[list[int], list[float]]:
    """Images seen and values; what is missing, or was not finite, is a gap."""
    values = [line["metrics"].get(key) for line in lines]
    return [line["images"] for line in lines], [float("nan") if value is None else value for value in values]


def _draw_interval(axes: "Axes", lines: Sequence[Line], key: str) -> None:
    ends: list[Any] = [line.get("intervals", {}).get(key, (None, None)) for line in lines]
    if any(None not in pair for pair in ends):
        low, high = ([float("nan") if end is None else end for end in side] for side in zip(*ends, strict=True))
        axes.fill_between([line["images"] for line in lines], low, high, color=BLUE, alpha=0.15, linewidth=0)
