"""How honmono's figures look: a colour-blind-safe palette, light grids, no state shared between figures."""

import io
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from honmono.files import atomic_write_bytes


if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# Okabe & Ito, "Color Universal Design" (2008), without the yellow, which is faint on white.
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
INK, FAINT = "#333333", "#DDDDDD"
DASHES = ((), (5.0, 2.0), (1.5, 1.5), (6.0, 2.0, 1.5, 2.0))  # lengths drawn and left out, in line widths

# For an SVG on a dark page: its ink and its faint lines change places, its colours grow lighter.
DARK = f"""@media (prefers-color-scheme: dark) {{
text {{ fill: #D6D6D6 !important }} [style*="{FAINT.lower()}"] {{ stroke: #3A3D42 !important }}
[id^="axes_"] > [id^="line2d_"], [id^="FillBetween"] {{ filter: brightness(1.35) }} }}"""


class Stroke(NamedTuple):
    """How the line of one thing among many looks, in every figure and in the key beside them."""

    colour: str
    dashes: tuple[float, ...]


STROKES = tuple(Stroke(colour, dashes) for dashes, colour in product(DASHES, PALETTE))


def figure(width: float, height: float) -> "Figure":
    """An empty figure of `width` x `height` inches, outside pyplot and so outside any global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained", facecolor="white")


def dress(axes: "Axes") -> None:
    """Light grid, no box, quiet ticks."""
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9, length=0)


def dress_over_images(axes: "Axes") -> None:
    """`dress`, with images seen along the axis and powers of ten where numbers are long."""
    from matplotlib.ticker import EngFormatter

    dress(axes)
    axes.set_xlabel("images seen", fontsize=9, color=INK)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 5))


def panels(names: Sequence[str], title: str) -> "tuple[Figure, dict[str, Axes]]":
    """An empty figure with a panel for each name, two in a row, over images seen."""
    rows = max(-(-len(names) // 2), 1)
    made = figure(10, 0.5 + 3 * rows)
    made.suptitle(title, fontsize=11, color=INK)
    grid = made.subplots(rows, 2, squeeze=False).ravel()
    for axes in grid[len(names) :]:
        axes.remove()
    named = dict(zip(names, grid, strict=False))
    for name, axes in named.items():
        dress_over_images(axes)
        axes.set_title(name, fontsize=10, color=INK, loc="left")
    return made, named


def svg(made: "Figure") -> bytes:
    """The figure as a transparent SVG, the same bytes each time, whose letters are text and which suits a dark page."""
    import matplotlib

    buffer = io.BytesIO()
    nameless = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "honmono"}):
        made.savefig(buffer, format="svg", transparent=True, metadata=nameless)
    return buffer.getvalue().replace(b"</style>", f"{DARK}</style>".encode(), 1)


def png(made: "Figure") -> bytes:
    """The figure as a PNG of its own full size."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(made)
    buffer = io.BytesIO()
    made.savefig(buffer, format="png")
    return buffer.getvalue()


def save(made: "Figure", path: Path) -> None:
    """Writes the figure, as a PNG or in another format of `save_picture`, whole or not at all."""
    if path.suffix.lower() == ".png":
        atomic_write_bytes(path, png(made))
        return
    from PIL import Image

    from honmono.runs.images import save_picture  # which brings torch

    with Image.open(io.BytesIO(png(made))) as picture:
        save_picture(picture.convert("RGB"), path)
