"""Scatter plots of real and generated points in the plane; the window depends on the real ones only."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from honmono.reports.figures.style import TEXT_COLOUR, VERMILION, figure, save, style_axes


MOST_SHOWN = 10_000  # real points in a scatter plot
MARGIN = 0.15  # of the reals' extent, on each side
POINTS = 2_500  # fakes in a scatter plot, as many as the metric `modes` uses


def scatter(real: Float[np.ndarray, "reals 2"], fake: Float[np.ndarray, "fakes 2"] | None, path: Path) -> None:
    """Draws real points, and fakes over them if there are any.

    The square window depends on the reals only, so that the pictures of a run make a film. The legend has the number
    of fakes that are outside it or not finite.
    """
    low, high = window(real)
    made = figure(5, 5.2)
    axes = made.subplots()
    style_axes(axes)
    shown = real[:: -(-len(real) // MOST_SHOWN)]
    axes.plot(*shown.T, ".", color=TEXT_COLOUR, markersize=3, markeredgewidth=0, label=f"real ({len(real):,})")
    if fake is not None:
        inside = np.all((fake >= low) & (fake <= high), axis=1)
        points = {"color": VERMILION, "markersize": 4.5, "markeredgewidth": 0, "alpha": 0.5}
        axes.plot(*fake[inside].T, ".", label=_count(inside), **points)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    axes.set_xlabel("first coordinate", fontsize=9, color=TEXT_COLOUR)
    axes.set_ylabel("second coordinate", fontsize=9, color=TEXT_COLOUR)
    legend = {"fontsize": 8, "frameon": False, "labelcolor": TEXT_COLOUR, "markerscale": 2.5, "ncols": 2}
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), **legend)
    save(made, path)


def _count(inside: np.ndarray) -> str:
    outside = len(inside) - inside.sum()
    return f"fake ({len(inside):,}, {outside:,} outside)" if outside else f"fake ({len(inside):,})"


def window(real: Float[np.ndarray, "reals 2"]) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " 2"]]:
    """The corners of a square around all real points."""
    low, high = real.min(axis=0), real.max(axis=0)
    half = (0.5 + MARGIN) * max((high - low).max(), 1e-6)
    return (low + high) / 2 - half, (low + high) / 2 + half
