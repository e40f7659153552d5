"""One self-contained HTML page from a template: pictures within it, all text escaped, no scripts, no network.

A page is light or dark as the reader's screen is, and fits a phone.
"""

import base64
import unicodedata
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from honmono.files import atomic_write_bytes
from honmono.reports.figures.style import Stroke


if TYPE_CHECKING:
    from jinja2 import Environment

KEPT = "\n\t\u200c\u200d"  # besides what is printable; the last two join letters, in Indic scripts and in emoji
LARGE = 5 * 2**20  # bytes from which on a page is said to be large


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    more: smaller text after it, for example an interval. best: stands out. sign: of a footnote. stroke: how this
    thing's lines look in the figures. code: text for a machine.
    """

    text: str
    more: str = ""
    best: bool = False
    sign: str = ""
    stroke: Stroke | None = None
    code: bool = False


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    numbers: the columns that are set to the right. notes: footnotes, each a sign and its text.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    numbers: Collection[int] = ()
    notes: Sequence[tuple[str, str]] = ()

    @property
    def cells(self) -> list[list[Cell]]:
        """The rows, with every text as a cell."""
        return [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in self.rows]


@dataclass(frozen=True)
class Picture:
    """A picture within the page. caption: above it. more: below it. alt: alternative text; the caption if ""."""

    data: bytes
    kind: Literal["png", "jpeg", "svg+xml"]
    caption: str
    more: str = ""
    alt: str = ""

    @property
    def source(self) -> str:
        """The picture as the address of an image."""
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode()}"


def render(template: str, **values: Any) -> str:
    """The document that a template, a path within the package, makes of these values.

    What no document may hold (control characters, half surrogates) becomes a replacement mark.
    """
    document = _environment().get_template(template).render(values)
    odd = [letter for letter in set(document) if not letter.isprintable() and letter not in KEPT and not _space(letter)]
    return document.translate(dict.fromkeys(map(ord, odd), "\ufffd"))


def _space(letter: str) -> bool:
    """Whether it is a space of any script, as the wide one of Japanese."""
    return unicodedata.category(letter) == "Zs"


def write_page(path: Path, document: str) -> Path:
    """Writes the document, whole or not at all; warns where it is so large that a browser may be slow."""
    data = document.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_bytes(path, data)
    if len(data) > LARGE:
        warnings.warn(f"'{path}' is {len(data) / 2**20:.1f} MB; a page of fewer runs is lighter", stacklevel=2)
    return path


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("honmono", "")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
