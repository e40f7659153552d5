"""One self-contained HTML page: headings, text, tables and pictures, without scripts and without a network.

A page is a title and blocks; each block knows its own HTML. All text is escaped. It is light or dark as the reader's
screen is, and fits a phone.
"""

import base64
import html
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from honmono.files import atomic_write_bytes
from honmono.reports.figures.style import Stroke


LARGE = 5 * 2**20  # bytes from which on a page is said to be large
FOLDED = 16  # rows from which on a table that may be folded is
LONG = 48  # characters of a cell from which on it may take several lines
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"  # whatever the text holds, nothing is fetched


class Block(ABC):
    """A part of a page."""

    @abstractmethod
    def html(self) -> str:
        """Its HTML, with all text escaped."""


@dataclass(frozen=True)
class Heading(Block):
    """The heading of a section."""

    text: str

    def html(self) -> str:
        return f"<h2>{_escaped(self.text)}</h2>"


@dataclass(frozen=True)
class Paragraph(Block):
    """Text. quiet: smaller and paler, for what is said beside."""

    text: str
    quiet: bool = False

    def html(self) -> str:
        return f"<p{_class('quiet' if self.quiet else '')}>{_escaped(self.text)}</p>"


@dataclass(frozen=True)
class Bullets(Block):
    """Points, one below the other."""

    points: Sequence[str]

    def html(self) -> str:
        return f"<ul>{''.join(f'<li>{_escaped(point)}</li>' for point in self.points)}</ul>"


@dataclass(frozen=True)
class Code(Block):
    """Text for a machine, as it stands."""

    text: str

    def html(self) -> str:
        return f"<pre>{_escaped(self.text)}</pre>"


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    more: said more quietly after the text, an interval say. best: stands out. sign: of a footnote. stroke: how this
    thing's lines look in the figures. code: text for a machine.
    """

    text: str
    more: str = ""
    best: bool = False
    sign: str = ""
    stroke: Stroke | None = None
    code: bool = False

    def html(self) -> str:
        text = _escaped(self.text)
        text = f"<code>{text}</code>" if self.code else f"<b>{text}</b>" if self.best else text
        more = f' <span class="quiet">{_escaped(self.more)}</span>' if self.more else ""
        sign = f"<sup>{_escaped(self.sign)}</sup>" if self.sign else ""
        return f"{_swatch(self.stroke)}{text}{more}{sign}"


@dataclass(frozen=True)
class Table(Block):
    """A table whose first column names its rows and stays in sight where the others scroll.

    numbers: the columns that are set to the right. notes: footnotes, each a sign and its text. folded: what a long
    table hides behind until it is opened; "" for never.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    numbers: Collection[int] = ()
    notes: Sequence[tuple[str, str]] = ()
    folded: str = ""

    def html(self) -> str:
        # A long name may break before its bracket, but not before its arrow: `label_fidelity[mnist] ↑`.
        names = enumerate(re.sub(" (?=[↑↓]$)", "&nbsp;", _escaped(name)).replace("[", "<wbr>[") for name in self.header)
        head = "".join(f'<th scope="col"{self._side(place)}>{name}</th>' for place, name in names)
        body = "".join(f"<tr>{self._row(row)}</tr>" for row in self.rows)
        table = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        notes = "".join(f"<p><sup>{_escaped(sign)}</sup> {_escaped(text)}</p>" for sign, text in self.notes)
        table += f'<div class="notes">{notes}</div>' if notes else ""
        if not self.folded or len(self.rows) < FOLDED:
            return table
        return f"<details><summary>{_escaped(self.folded)}</summary>{table}</details>"

    def _row(self, row: Sequence[Cell | str]) -> str:
        first, *others = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
        cells = "".join(f"<td{self._side(place, cell)}>{cell.html()}</td>" for place, cell in enumerate(others, 1))
        return f'<th scope="row">{first.html()}</th>{cells}'

    def _side(self, place: int, cell: Cell | None = None) -> str:
        long = cell is not None and not cell.code and len(cell.text) >= LONG
        return _class("number" if place in self.numbers else "long" if long else "")


@dataclass(frozen=True)
class Key(Block):
    """Which line is whose."""

    strokes: Sequence[tuple[str, Stroke]]

    def html(self) -> str:
        names = "".join(f"<span>{_swatch(stroke)}{_escaped(name)}</span>" for name, stroke in self.strokes)
        return f'<p class="key">{names}</p>'


@dataclass(frozen=True)
class Picture:
    """A picture within the page. caption: above it. more: below it. alt: for who cannot see it; the caption if ""."""

    data: bytes
    kind: Literal["png", "jpeg", "svg"]
    caption: str
    more: str = ""
    alt: str = ""

    def html(self) -> str:
        kind = "svg+xml" if self.kind == "svg" else self.kind
        source = f"data:image/{kind};base64,{base64.b64encode(self.data).decode()}"
        more = f'<span class="quiet">{_escaped(self.more)}</span>' if self.more else ""
        image = f'<img src="{source}" alt="{_escaped(self.alt or self.caption)}">'
        return f"<figure><figcaption>{_escaped(self.caption)}</figcaption>{image}{more}</figure>"


@dataclass(frozen=True)
class Pictures(Block):
    """Pictures side by side, as many as fit. width: of each, in pixels, at least, where the screen has them."""

    pictures: Sequence[Picture]
    width: int = 320

    def html(self) -> str:
        inside = "".join(picture.html() for picture in self.pictures)
        return f'<div class="pictures" style="--least: {self.width}px">{inside}</div>'


@dataclass(frozen=True)
class Page:
    """A page. summary: what stands under its title."""

    title: str
    blocks: Sequence[Block]
    summary: str = ""

    def html(self) -> str:
        """The whole document."""
        title, summary = _escaped(self.title), f"<p>{_escaped(self.summary)}</p>" if self.summary else ""
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            f"<title>{title}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n<main>\n"
            f"<header><h1>{title}</h1>{summary}</header>\n"
            + "\n".join(block.html() for block in self.blocks)
            + "\n</main>\n</body>\n</html>\n"
        )

    def write(self, path: Path) -> Path:
        """Writes the document, whole or not at all; warns where it is so large that a browser may be slow."""
        document = self.html().encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write_bytes(path, document)
        if len(document) > LARGE:
            warnings.warn(f"'{path}' is {len(document) / 2**20:.1f} MB; a page of fewer runs is lighter", stacklevel=2)
        return path


@cache
def _style() -> str:
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def _escaped(text: str) -> str:
    """Text as HTML; what no document may hold (control characters, half surrogates) becomes a replacement mark."""
    kept = (letter if letter.isprintable() or letter in "\n\t\u00a0\u202f" else "\ufffd" for letter in text)
    return html.escape("".join(kept))


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _swatch(stroke: Stroke | None) -> str:
    """A short line that looks as the thing's lines do in the figures."""
    if stroke is None:
        return ""
    dashes = " ".join(f"{2 * length:g}" for length in stroke.dashes)
    line = f'<line x1="0" y1="5" x2="26" y2="5" stroke="{_escaped(stroke.colour)}" stroke-dasharray="{dashes}"/>'
    return f'<svg class="swatch" viewBox="0 0 26 10" aria-hidden="true">{line}</svg>'
