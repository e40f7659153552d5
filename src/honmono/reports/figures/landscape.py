"""A plane of points: the mixture fitted to the reals, and the discriminator's contours under the generator's points."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from honmono.reports.figures.style import INK, PALETTE, VERMILION, dress, figure, save


if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


DEVIATIONS = 2.0  # at which ellipses are drawn
LEVELS = 12  # contours, about
NAMES = {"scores": "discriminator", "potential": "true potential"}


class Landscape(NamedTuple):
    """What a run keeps of one step: fakes, the window's corners, and values on a mesh over it by their names."""

    points: Float[np.ndarray, "points 2"]
    low: Float[np.ndarray, " 2"]
    high: Float[np.ndarray, " 2"]
    values: dict[str, Float[np.ndarray, "rows columns"]]


def kept(samples: Path) -> list[Path]:
    """The landscapes of a samples directory in the order of their steps."""
    return sorted(samples.glob("[0-9]" * 9 + ".npz"))


def load(path: Path) -> Landscape:
    """Reads one of them; arrays alone, no code."""
    with np.load(path, allow_pickle=False) as file:
        values = {name: file[name] for name in NAMES if name in file}
        return Landscape(file["points"], file["low"], file["high"], values)


def extremes(value: Float[np.ndarray, "rows columns"]) -> tuple[float, float]:
    """Least and greatest of the finite values; (nan, nan) where there are none."""
    finite = value[np.isfinite(value)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (np.nan, np.nan)


def landscape(shown: Landscape, real: Float[np.ndarray, "reals 2"], path: Path, title: str) -> None:
    """Draws the generator's points over the reals, and beside them each value's contours, least and greatest."""
    save(drawn(shown, real, title), path)


def drawn(shown: Landscape, real: Float[np.ndarray, "reals 2"], title: str, side: float = 4.4) -> "Figure":
    """The same as a figure. side: of each panel, in inches."""
    made = figure(side * (1 + len(shown.values)), side + 0.5)
    made.suptitle(title, fontsize=10, color=INK)
    axes = made.subplots(1, 1 + len(shown.values), squeeze=False)[0]
    _window(axes[0], shown)
    axes[0].plot(*real.T, ".", color=INK, markersize=1.5, markeredgewidth=0, alpha=0.5)
    axes[0].plot(*shown.points.T, ".", color=VERMILION, markersize=3, markeredgewidth=0, alpha=0.6)
    axes[0].set_title(f"generator ({len(shown.points):,} points)", fontsize=9, color=INK)
    for one, (name, value) in zip(axes[1:], shown.values.items(), strict=True):
        _window(one, shown)
        _contours(one, shown, value)
        least, most = extremes(value)
        one.set_title(f"{NAMES[name]}: {least:.4g} to {most:.4g}", fontsize=9, color=INK)
    return made


def mixture(real: Float[np.ndarray, "reals 2"], modes: int, path: Path) -> None:
    """Fits `modes` full Gaussians to the reals and draws each with its points and its ellipse at two deviations."""
    from matplotlib.patches import Ellipse
    from sklearn.mixture import GaussianMixture

    fitted = GaussianMixture(modes, covariance_type="full", random_state=0).fit(real)
    member, means, covariances = fitted.predict(real), np.asarray(fitted.means_), np.asarray(fitted.covariances_)
    made = figure(5, 5.2)
    axes = made.subplots()
    dress(axes)
    for mode in range(modes):
        colour = PALETTE[mode % len(PALETTE)]
        axes.plot(*real[member == mode].T, ".", color=colour, markersize=2, markeredgewidth=0)
        variance, direction = np.linalg.eigh(covariances[mode])
        width, height = 2 * DEVIATIONS * np.sqrt(variance)
        angle = float(np.degrees(np.arctan2(direction[1, 0], direction[0, 0])))
        around = Ellipse(means[mode], width, height, angle=angle, edgecolor=INK, facecolor="none", linewidth=0.8)
        around.set_zorder(3)  # on the points, which would hide it
        axes.add_patch(around)
    axes.set_aspect("equal")
    axes.set_title(f"{modes} Gaussians fitted to {len(real):,} real points", fontsize=9, color=INK)
    save(made, path)


def _window(axes: "Axes", shown: Landscape) -> None:
    dress(axes)
    axes.set(xlim=(shown.low[0], shown.high[0]), ylim=(shown.low[1], shown.high[1]), aspect="equal")


def _contours(axes: "Axes", shown: Landscape, value: np.ndarray) -> None:
    least, most = extremes(value)
    if not least < most:  # the same everywhere, or no numbers: no contours
        return
    first, second = (np.linspace(shown.low[i], shown.high[i], value.shape[1 - i]) for i in (0, 1))
    masked = np.ma.masked_invalid(value)
    axes.contourf(first, second, masked, levels=LEVELS, cmap="RdBu_r", alpha=0.7)
    axes.contour(first, second, masked, levels=LEVELS, colors=INK, linewidths=0.4, linestyles="solid")
