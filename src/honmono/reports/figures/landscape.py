"""Figures of points in the plane: fakes, the discriminator's contours, and a mixture fitted to the reals."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from honmono.reports.figures.style import PALETTE, TEXT_COLOUR, VERMILION, figure, save, style_axes


if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


DEVIATIONS = 2.0  # standard deviations, the size of ellipses
LEVELS = 12  # approximate number of contours
NAMES = {"scores": "discriminator", "potential": "true potential"}


class Landscape(NamedTuple):
    """A run's data of one step: fakes, two corners of a window, and by name values on a mesh over the window."""

    points: Float[np.ndarray, "points 2"]
    low: Float[np.ndarray, " 2"]
    high: Float[np.ndarray, " 2"]
    values: dict[str, Float[np.ndarray, "rows columns"]]


def landscapes_in(samples: Path) -> list[Path]:
    """The landscape files of a samples directory, sorted by step."""
    return sorted(samples.glob("[0-9]" * 9 + ".npz"))


def load(path: Path) -> Landscape:
    """Reads a landscape file; runs no code from it."""
    with np.load(path, allow_pickle=False) as file:
        values = {name: file[name] for name in NAMES if name in file}
        return Landscape(file["points"], file["low"], file["high"], values)


def extremes(value: Float[np.ndarray, "rows columns"]) -> tuple[float, float]:
    """Minimum and maximum of the finite values; (nan, nan) where there are none."""
    finite = value[np.isfinite(value)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (np.nan, np.nan)


def landscape(data: Landscape, real: Float[np.ndarray, "reals 2"], path: Path, title: str) -> None:
    """Draws the fakes over the reals, and the contours of each value with its minimum and maximum."""
    save(landscape_figure(data, real, title), path)


def landscape_figure(data: Landscape, real: Float[np.ndarray, "reals 2"], title: str, side: float = 4.4) -> "Figure":
    """The figure of a landscape. side: of each panel, in inches."""
    made = figure(side * (1 + len(data.values)), side + 0.5)
    made.suptitle(title, fontsize=10, color=TEXT_COLOUR)
    axes = made.subplots(1, 1 + len(data.values), squeeze=False)[0]
    _window(axes[0], data)
    axes[0].plot(*real.T, ".", color=TEXT_COLOUR, markersize=1.5, markeredgewidth=0, alpha=0.5)
    axes[0].plot(*data.points.T, ".", color=VERMILION, markersize=3, markeredgewidth=0, alpha=0.6)
    axes[0].set_title(f"generator ({len(data.points):,} points)", fontsize=9, color=TEXT_COLOUR)
    for one, (name, value) in zip(axes[1:], data.values.items(), strict=True):
        _window(one, data)
        _contours(one, data, value)
        least, most = extremes(value)
        one.set_title(f"{NAMES[name]}: {least:.4g} to {most:.4g}", fontsize=9, color=TEXT_COLOUR)
    return made


def mixture(real: Float[np.ndarray, "reals 2"], modes: int, path: Path) -> None:
    """Fits `modes` Gaussians to the reals and draws each with its points and its ellipse of two standard deviations."""
    from matplotlib.patches import Ellipse
    from sklearn.mixture import GaussianMixture

    fitted = GaussianMixture(modes, covariance_type="full", random_state=0).fit(real)
    member, means, covariances = fitted.predict(real), np.asarray(fitted.means_), np.asarray(fitted.covariances_)
    made = figure(5, 5.2)
    axes = made.subplots()
    style_axes(axes)
    for mode in range(modes):
        colour = PALETTE[mode % len(PALETTE)]
        axes.plot(*real[member == mode].T, ".", color=colour, markersize=2, markeredgewidth=0)
        variance, direction = np.linalg.eigh(covariances[mode])
        width, height = 2 * DEVIATIONS * np.sqrt(variance)
        angle = float(np.degrees(np.arctan2(direction[1, 0], direction[0, 0])))
        around = Ellipse(
            means[mode], width, height, angle=angle, edgecolor=TEXT_COLOUR, facecolor="none", linewidth=0.8
        )
        around.set_zorder(3)  # above the points
        axes.add_patch(around)
    axes.set_aspect("equal")
    axes.set_title(f"{modes} Gaussians fitted to {len(real):,} real points", fontsize=9, color=TEXT_COLOUR)
    save(made, path)


def _window(axes: "Axes", data: Landscape) -> None:
    style_axes(axes)
    axes.set(xlim=(data.low[0], data.high[0]), ylim=(data.low[1], data.high[1]), aspect="equal")


def _contours(axes: "Axes", data: Landscape, value: np.ndarray) -> None:
    least, most = extremes(value)
    if not least < most:  # constant or not finite: no contours
        return
    first, second = (np.linspace(data.low[i], data.high[i], value.shape[1 - i]) for i in (0, 1))
    masked = np.ma.masked_invalid(value)
    axes.contourf(first, second, masked, levels=LEVELS, cmap="RdBu_r", alpha=0.7)
    axes.contour(first, second, masked, levels=LEVELS, colors=TEXT_COLOUR, linewidths=0.4, linestyles="solid")
