"""Which grids of pictures a run makes: how large, and which cells share a latent."""

from dataclasses import dataclass
from re import fullmatch
from typing import Literal

from honmono.errors import Refused


@dataclass(frozen=True, kw_only=True)
class SampleGrid:
    """One grid of a run's pictures: `samples/<step>.png`, or `samples/<step>-<name>.png` where it has a name.

    latent: "each" cell has its own, or those of a "row" share one, or "one" stands in all of them. Cell i asks for
        class i % classes, so that shared latents show whether labels change more than they should.
    columns: None: one for each class where there are 2 to 16 classes, else 8.
    sampling: what batch norm does in this grid; None: as the recipe says. Grids of one `latent` have the same latents.
    """

    name: str = ""
    latent: Literal["each", "row", "one"] = "each"
    columns: int | None = None
    rows: int = 8
    sampling: Literal["running", "batch", "identity"] | None = None

    def __post_init__(self) -> None:
        if self.rows < 1 or (self.columns is not None and self.columns < 1):
            raise Refused(f"grids: {self.columns} columns and {self.rows} rows; there must be at least 1 of each")
        if not fullmatch("[a-z0-9-]*", self.name):
            raise Refused(f"grids: the name {self.name!r} is part of a file's name: use small letters, digits and '-'")


def refuse_alike(grids: tuple[SampleGrid, ...]) -> None:
    """Refuses grids that would be written over each other, and those of which none is a run's film."""
    names = [grid.name for grid in grids]
    if names[:1] != [""] or len(set(names)) < len(names):
        raise Refused(f"grids are named {names}: the first must have no name (''), and each further one its own")
