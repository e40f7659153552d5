"""The sample grids that a run saves: their size, and which cells share a latent, how values become pixels."""

from dataclasses import dataclass
from math import isfinite
from re import fullmatch
from typing import Literal

from honmono.errors import Refused


@dataclass(frozen=True, kw_only=True)
class SampleGrid:
    """One grid of generated samples: `samples/<step>.png`, or `samples/<step>-<name>.png` where it has a name.

    latent: which cells share a latent. "each": every cell has its own; "row": the cells of a row share one; "one": all
        cells share one. Cell i has class i % classes, so shared latents show what the label alone changes. Grids with
        the same `latent` setting use the same latents.
    columns: the number of columns; None: one for each class where there are 2 to 16 classes, else 8.
    sampling: the batch norm mode in this grid, as `Recipe.sampling`; None: the recipe's.
    rounding: a value between two of a pixel's 256 levels becomes the "nearest" one, or is rounded "down".
    offset: in levels, added before rounding: 0.5 makes x * 255 + 128 of samples from -0.5 to 0.5, which else become
        x * 255 + 127.5.
    stretch: the grid's own smallest value is black and its largest white, as `normalize=True` of torchvision's
        `save_image`, rather than those of the data's range.
    """

    name: str = ""
    latent: Literal["each", "row", "one"] = "each"
    columns: int | None = None
    rows: int = 8
    sampling: Literal["running", "batch", "identity"] | None = None
    rounding: Literal["nearest", "down"] = "nearest"
    offset: float = 0.0
    stretch: bool = False

    def __post_init__(self) -> None:
        if self.rows < 1 or (self.columns is not None and self.columns < 1):
            raise Refused(f"grids: {self.columns} columns and {self.rows} rows: give at least 1 of each")
        if not isfinite(self.offset):
            raise Refused(f"grids: an offset of {self.offset} levels: give a finite number, 0 for none")
        if not fullmatch("[a-z0-9-]*", self.name):
            raise Refused(f"grids: the file name part {self.name!r} may hold lower-case letters, digits and '-' only")


def refuse_repeated_names(grids: tuple[SampleGrid, ...]) -> None:
    """Raises `Refused` unless the first grid has no name, and every other one has a name of its own.

    Names become file names, and the nameless grid is the one that a film is made of.
    """
    names = [grid.name for grid in grids]
    if names[:1] != [""] or len(set(names)) < len(names):
        raise Refused(f"grids are named {names}: the first must have the name '', and every other one a different name")
