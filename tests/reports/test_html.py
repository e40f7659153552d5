"""The page: everything in one file, all text escaped, each block by what a browser would make of it."""

import base64
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honmono.reports import html as pages
from honmono.reports.figures.style import STROKES
from honmono.reports.html import (
    FOLDED,
    LONG,
    Block,
    Bullets,
    Cell,
    Code,
    Heading,
    Key,
    Page,
    Paragraph,
    Picture,
    Pictures,
    Table,
)


NASTY = '<i onclick="x()">&\'\x1b\u202e'
SHOWN = '<i onclick="x()">&\'\ufffd\ufffd'
PICTURE = Picture(b"\x89PNG", "png", NASTY, NASTY, NASTY)
BLOCKS: list[Block] = [
    Heading(NASTY),
    Paragraph(NASTY, quiet=True),
    Bullets([NASTY]),
    Code(NASTY),
    Table([NASTY], [[NASTY], [Cell(NASTY, NASTY, best=True, sign=NASTY)]], notes=[(NASTY, NASTY)], folded=NASTY),
    Key([(NASTY, STROKES[0])]),
    Pictures([PICTURE]),
]
Reader = Callable[[str], Any]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_text_is_text_wherever_it_stands(block: Block, read_html: Reader) -> None:
    read = read_html(block.html())
    assert SHOWN in read.text and not {"i", "script"} & {tag for tag, _ in read.tags}
    assert not any(name.startswith("on") for _, attributes in read.tags for name in attributes)


def test_a_page_is_a_whole_document(read_html: Reader) -> None:
    document = Page(NASTY, BLOCKS, NASTY).html()
    read = read_html(document)
    names = [tag for tag, _ in read.tags]
    assert names[:2] == ["html", "head"] and names.count("h1") == 1 and read.text.count(SHOWN) > len(BLOCKS)
    assert ("html", {"lang": "en"}) in read.tags and ("meta", {"charset": "utf-8"}) in read.tags
    assert "width=device-width" in document and "prefers-color-scheme: dark" in document
    assert "default-src 'none'" in document


def test_nothing_on_it_comes_from_elsewhere(read_html: Reader) -> None:
    document = Page("t", BLOCKS).html()
    assert read_html(document).sources == [f"data:image/png;base64,{base64.b64encode(PICTURE.data).decode()}"]
    assert not re.search(r"url\(|@import|<script|<link", document)


@pytest.mark.parametrize(("kind", "said"), [("png", "png"), ("jpeg", "jpeg"), ("svg", "svg+xml")])
def test_pictures_say_their_kind(kind: str, said: str) -> None:
    assert f'src="data:image/{said};base64,' in Picture(b"x", kind, "c").html()  # type: ignore[arg-type]


def test_a_picture_without_words_of_its_own_has_its_caption_as_alt(read_html: Reader) -> None:
    (picture,) = (given for tag, given in read_html(Picture(b"x", "png", "seen").html()).tags if tag == "img")
    assert picture["alt"] == "seen"


def test_a_table_names_its_rows_and_columns() -> None:
    made = Table(["run", "fid[mnist] ↑"], [["a", Cell("4.2", "±0.1", best=True, sign="1")]], {1}, [("1", "told")])
    row = (
        '<tr><th scope="row">a</th><td class="number"><b>4.2</b> <span class="quiet">±0.1</span><sup>1</sup></td></tr>'
    )
    assert row in made.html() and '<th scope="col" class="number">fid<wbr>[mnist]&nbsp;↑</th>' in made.html()
    assert "<p><sup>1</sup> told</p>" in made.html()


def test_long_cells_may_take_several_lines_and_numbers_and_code_never() -> None:
    long = "w " * LONG
    made = Table(["a", "b", "c", "d", "e"], [["x", long, "short", long, Cell(long, code=True)]], {3}).html()
    assert re.findall(r"<td([^>]*)>", made) == [' class="long"', "", ' class="number"', ""]
    assert ".long {" in Page("t", []).html()


@pytest.mark.parametrize(("rows", "folds"), [(FOLDED - 1, False), (FOLDED, True)])
def test_only_long_tables_are_folded(rows: int, folds: bool) -> None:
    assert ("<details>" in Table(["a"], [["x"]] * rows, folded="all").html()) == folds
    assert "<details>" not in Table(["a"], [["x"]] * rows).html()


def test_a_key_shows_the_dashes_of_the_lines(read_html: Reader) -> None:
    dashed = next(stroke for stroke in STROKES if stroke.dashes)
    (read,) = (given for tag, given in read_html(Key([("a", dashed)]).html()).tags if tag == "line")
    assert read["stroke"] == dashed.colour and read["stroke-dasharray"] == " ".join(f"{2 * d:g}" for d in dashed.dashes)
    assert len(set(STROKES)) == len(STROKES)


def test_it_is_written_whole_and_warns_where_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page("t", [Heading("h")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = page.write(tmp_path / "new" / "page.html")
    assert path.read_text(encoding="utf-8") == page.html() and [*path.parent.iterdir()] == [path]
    monkeypatch.setattr(pages, "LARGE", 100)
    with pytest.warns(UserWarning, match=r"page.html' is 0.0 MB; a page of fewer runs is lighter"):
        page.write(path)
