"""A self-contained HTML page from a template: embedded pictures, escaped text, no scripts, no network.

A page follows the light or dark mode of the screen, and fits a phone.
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

ALLOWED = (
    "\n\t\u200c\u200d"  # allowed besides printable characters; the last two join letters, in Indic scripts and in emoji
)
LARGE = 5 * 2**20  # bytes of a page above which a warning is given


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    more: smaller text after it, for example an interval.
    best: bold.
    sign: of a footnote.
    stroke: of the curves that belong to the text.
    code: in a font for code.
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

    numbers: the indices of right-aligned columns.
    notes: footnotes, each a sign and its text.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    numbers: Collection[int] = ()
    notes: Sequence[tuple[str, str]] = ()

    @property
    def cells(self) -> list[list[Cell]]:
        """The rows, with texts converted to cells."""
        return [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in self.rows]


@dataclass(frozen=True)
class Picture:
    """An embedded picture.

    caption: text above it.
    more: text below it.
    alt: alternative text; "": the caption.
    """

    data: bytes
    kind: Literal["png", "jpeg", "svg+xml"]
    caption: str
    more: str = ""
    alt: str = ""

    @property
    def source(self) -> str:
        """The picture as a data URL."""
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode()}"


def render(template: str, **values: Any) -> str:
    """The rendered document. template: a path in the package. values: its variables.

    Characters that are not allowed in HTML (control characters, surrogates) become replacement characters.
    """
    document = _environment().get_template(template).render(values)
    odd = [
        letter for letter in set(document) if not letter.isprintable() and letter not in ALLOWED and not _space(letter)
    ]
    return document.translate(dict.fromkeys(map(ord, odd), "\ufffd"))


def _space(letter: str) -> bool:
    """Whether it is a space of any script, as the Japanese wide space."""
    return unicodedata.category(letter) == "Zs"


def write_page(path: Path, document: str) -> Path:
    """Writes the document, atomically. Warns where it is so large that a browser may be slow."""
    data = document.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_bytes(path, data)
    if len(data) > LARGE:
        warnings.warn(
            f"'{path}' is {len(data) / 2**20:.1f} MB, which may be slow in a browser: compare fewer runs", stacklevel=2
        )
    return path


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("honmono", "")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
