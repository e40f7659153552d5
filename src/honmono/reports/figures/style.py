"""The style of honmono's figures: a colour-blind-safe palette and light grids, without global state."""

import io
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from honmono.files import atomic_write_bytes


if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# Okabe & Ito, "Color Universal Design" (2008), without yellow, which has little contrast on white.
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
TEXT_COLOUR, GRID_COLOUR = "#333333", "#DDDDDD"
DASHES = ((), (5.0, 2.0), (1.5, 1.5), (6.0, 2.0, 1.5, 2.0))  # lengths of dashes and gaps, in line widths

# For an SVG on a dark page: light text, dark grid lines and lighter colours.
DARK = f"""@media (prefers-color-scheme: dark) {{
text {{ fill: #D6D6D6 !important }} [style*="{GRID_COLOUR.lower()}"] {{ stroke: #3A3D42 !important }}
[id^="axes_"] > [id^="line2d_"], [id^="FillBetween"] {{ filter: brightness(1.35) }} }}"""


class Stroke(NamedTuple):
    """Colour and dashes of a run's curves, the same in all figures and in the legend."""

    colour: str
    dashes: tuple[float, ...]


STROKES = tuple(Stroke(colour, dashes) for dashes, colour in product(DASHES, PALETTE))


def figure(width: float, height: float) -> "Figure":
    """An empty figure of `width` x `height` inches, without pyplot and its global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained", facecolor="white")


def style_axes(axes: "Axes") -> None:
    """Sets a light grid, no box and no tick marks."""
    axes.grid(color=GRID_COLOUR, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID_COLOUR)
    axes.tick_params(colors=TEXT_COLOUR, labelsize=9, length=0)


def style_axes_over(axes: "Axes", over: str = "images seen") -> None:
    """`style_axes`, with a name of the x axis and powers of ten for large numbers."""
    from matplotlib.ticker import EngFormatter

    style_axes(axes)
    axes.set_xlabel(over, fontsize=9, color=TEXT_COLOUR)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 5))


def panels(names: Sequence[str], title: str) -> "tuple[Figure, dict[str, Axes]]":
    """An empty figure with a panel over images seen for each name, two in a row."""
    rows = max(-(-len(names) // 2), 1)
    made = figure(10, 0.5 + 3 * rows)
    made.suptitle(title, fontsize=11, color=TEXT_COLOUR)
    grid = made.subplots(rows, 2, squeeze=False).ravel()
    for axes in grid[len(names) :]:
        axes.remove()
    named = dict(zip(names, grid, strict=False))
    for name, axes in named.items():
        style_axes_over(axes)
        axes.set_title(name, fontsize=10, color=TEXT_COLOUR, loc="left")
    return made, named


def svg(made: "Figure") -> bytes:
    """The figure as a transparent, deterministic SVG, with letters as text and colours for dark pages."""
    import matplotlib

    buffer = io.BytesIO()
    nameless = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "honmono"}):
        made.savefig(buffer, format="svg", transparent=True, metadata=nameless)
    return buffer.getvalue().replace(b"</style>", f"{DARK}</style>".encode(), 1)


def png(made: "Figure") -> bytes:
    """The figure as a PNG."""
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
