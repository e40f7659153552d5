"""Pages from templates: everything in one file, all text escaped, each part by what a browser would make of it."""

import base64
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honmono.reports import html as pages
from honmono.reports.figures.style import STROKES
from honmono.reports.html import Cell, Picture, Table, render, write_page


NASTY = '<i onclick="x()">&\'\x1b\u202e'
SHOWN = '<i onclick="x()">&\'\ufffd\ufffd'
Reader = Callable[[str], Any]


def body(**values: Any) -> str:
    """The body of a comparison, where nothing stands but these."""
    empty = {"runs": [], "strokes": [], "legend": [], "how_measured": [], "fields": None, "details": {}, "samples": []}
    pictures = {"metric_curves": [], "loss_curves": [], "neighbours": [], "most_samples": 1}
    nothing = Table([], [])
    return render("reports/comparison/body.html", **empty | pictures | {"numbers": nothing, "costs": nothing} | values)


PLACES: list[dict[str, Any]] = [
    {"legend": [NASTY]},
    {"how_measured": [NASTY]},
    {"numbers": Table([NASTY], [])},
    {"numbers": Table(["a"], [[NASTY]])},
    {"numbers": Table(["a"], [[Cell("a", more=NASTY)]])},
    {"numbers": Table(["a"], [[Cell(NASTY, best=True)]])},
    {"numbers": Table(["a"], [[Cell(NASTY, code=True)]])},
    {"numbers": Table(["a"], [], notes=[("1", NASTY)])},
    {"details": {NASTY: Table([], [])}},
    {"samples": [Picture(b"", "png", NASTY)]},
    {"samples": [Picture(b"", "png", "a", more=NASTY)]},
    {"loss_curves": [Picture(b"", "png", "a")], "strokes": [(NASTY, STROKES[0])]},
]


@pytest.mark.parametrize("values", PLACES)
def test_text_is_text_wherever_it_stands(values: dict[str, Any], read_html: Reader) -> None:
    read = read_html(body(**values))
    assert SHOWN in read.text and not {"i", "script"} & {tag for tag, _ in read.tags}
    assert not any(name.startswith("on") for _, attributes in read.tags for name in attributes)


def test_a_page_is_a_whole_document_that_fetches_nothing(read_html: Reader) -> None:
    document = render("reports/page.html", title=NASTY, summary=NASTY)
    read = read_html(document)
    names = [tag for tag, _ in read.tags]
    assert names[:2] == ["html", "head"] and names.count("h1") == 1 and read.text.count(SHOWN) == 3
    assert ("html", {"lang": "en"}) in read.tags and ("meta", {"charset": "utf-8"}) in read.tags
    assert "width=device-width" in document and "prefers-color-scheme: dark" in document
    assert "default-src 'none'" in document and not re.search(r"url\(|@import|<script|<link", document)


@pytest.mark.parametrize("kind", ["png", "jpeg", "svg+xml"])
def test_a_picture_is_within_the_page(kind: Any, read_html: Reader) -> None:
    read = read_html(body(samples=[Picture(b"\x89PNG", kind, "seen")]))
    (picture,) = (given for tag, given in read.tags if tag == "img")
    assert picture == {
        "src": f"data:image/{kind};base64,{base64.b64encode(bytes([0x89]) + b'PNG').decode()}",
        "alt": "seen",
    }


def test_a_table_names_its_rows_and_columns() -> None:
    made = Table(["run", "fid[mnist] ↑"], [["a", Cell("4.2", "±0.1", best=True, sign="1")]], {1}, [("1", "told")])
    document = body(numbers=made)
    row = (
        '<tr><th scope="row">a</th><td class="number"><b>4.2</b> <span class="quiet">±0.1</span><sup>1</sup></td></tr>'
    )
    assert row in document and '<th scope="col" class="number">fid<wbr>[mnist]\u00a0↑</th>' in document
    assert "<p><sup>1</sup> told</p>" in document


def test_long_cells_may_take_several_lines_and_numbers_and_code_never() -> None:
    long = "w" * 48
    row = ["x", long, long[1:], long, Cell(long, code=True)]
    made = body(numbers=Table(["a", "b", "c", "d", "e"], [row], {3}))
    assert re.findall(r"<td([^>]*)>", made) == [' class="long"', "", ' class="number"', ""]


@pytest.mark.parametrize(("rows", "folds"), [(15, False), (16, True)])
def test_only_long_tables_of_fields_are_folded(rows: int, folds: bool) -> None:
    table = Table(["a"], [["x"]] * rows)
    assert ("<details>" in body(fields=table)) == folds
    assert "<details>" not in body(numbers=table)


def test_a_key_shows_the_dashes_of_the_lines(read_html: Reader) -> None:
    dashed = next(stroke for stroke in STROKES if stroke.dashes)
    document = body(loss_curves=[Picture(b"x", "png", "c")], strokes=[("a", dashed)])
    (read,) = (given for tag, given in read_html(document).tags if tag == "line")
    assert read["stroke"] == dashed.colour and read["stroke-dasharray"] == " ".join(f"{2 * d:g}" for d in dashed.dashes)
    assert len(set(STROKES)) == len(STROKES)


def test_it_is_written_whole_and_warns_where_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = write_page(tmp_path / "new" / "page.html", "数")
    assert path.read_text(encoding="utf-8") == "数" and [*path.parent.iterdir()] == [path]
    monkeypatch.setattr(pages, "LARGE", 2)
    with pytest.warns(UserWarning, match=r"page.html' is 0.0 MB"):
        write_page(path, "数")


def test_spaces_and_joined_letters_of_other_scripts_stay() -> None:
    document = render("reports/page.html", title="全\u3000角 \U0001f469\u200d\U0001f3a8 a\x1b\ud800b", summary="")
    assert "全\u3000角 \U0001f469\u200d\U0001f3a8 a\ufffd\ufffdb" in document
