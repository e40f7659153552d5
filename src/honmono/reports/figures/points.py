"""Points in the plane: the generator's over the real ones, on axes that the real ones fix."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from honmono.reports.figures.style import INK, VERMILION, dress, figure, save


MOST_SHOWN = 10_000  # real points; more only darken the same places


MARGIN = 0.15  # of the reals' extent, on each side
POINTS = 2_500  # drawn in a scatter, as many as mode coverage is measured on


def scatter(real: Float[np.ndarray, "reals 2"], fake: Float[np.ndarray, "fakes 2"] | None, path: Path) -> None:
    """Draws real points dark and fake ones over them; without fakes, the real ones alone.

    The square window depends on the reals only, so that the pictures of a run make a film. The legend counts
    the fakes that lie outside it or are not finite.
    """
    low, high = window(real)
    made = figure(5, 5.2)
    axes = made.subplots()
    dress(axes)
    shown = real[:: -(-len(real) // MOST_SHOWN)]
    axes.plot(*shown.T, ".", color=INK, markersize=3, markeredgewidth=0, label=f"real ({len(real):,})")
    if fake is not None:
        inside = np.all((fake >= low) & (fake <= high), axis=1)
        points = {"color": VERMILION, "markersize": 4.5, "markeredgewidth": 0, "alpha": 0.5}
        axes.plot(*fake[inside].T, ".", label=_count(inside), **points)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    axes.set_xlabel("first coordinate", fontsize=9, color=INK)
    axes.set_ylabel("second coordinate", fontsize=9, color=INK)
    legend = {"fontsize": 8, "frameon": False, "labelcolor": INK, "markerscale": 2.5, "ncols": 2}
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
