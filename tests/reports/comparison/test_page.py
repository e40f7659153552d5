"""The page of a comparison: all of it in one file, safe whatever runs are called."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import honmono
from honmono.reports.comparison.page import page as page_of_comparison


Maker = Callable[..., Any]
Reader = Callable[[str], Any]
NASTY = "<script>alert('&')</script>"


def page_of(runs: list[Path]) -> str:
    return page_of_comparison(honmono.compare(runs))


@pytest.fixture
def runs(make: Maker, measure: Maker, protocol: Maker) -> list[Path]:
    made = [make("a", command=f"honmono train {NASTY}"), make("b", recipe=NASTY, fields={"extra": NASTY})]
    labels = {"label_fidelity[mnist]": 0.9, "label_fidelity[mnist].0": 0.25}
    for run in made:
        for step in (10, 20):
            measure(run, {"fid[mnist]": 90 / step}, protocol("fid[mnist]"), step=step, best_by={"fid[mnist]": "lower"})
        measure(run, {"fid[mnist]": 4.0} | labels, protocol("fid[mnist]", "labels[mnist]", fakes=1000), spread=0.5)
    return [run.path for run in made]


def test_everything_is_in_it(runs: list[Path], read_html: Reader) -> None:
    page = read_html(page_of(runs))
    headings = [
        *("How it was measured", "What differs between the recipes", "Metrics while training"),
        *("label_fidelity[mnist], by class", "Losses", "Newest samples", "Cost"),
    ]
    places = [page.text.index(heading) for heading in headings]
    assert places == sorted(places)
    for text in ("2 runs compared", "fid[mnist]", "4.00", "±0.50", "0.25", "generator.fake", "a, step 20", "1.5"):
        assert text in page.text, text
    pictures = [attributes["src"] or "" for tag, attributes in page.tags if tag == "img"]
    kinds = [picture.partition(";")[0] for picture in pictures]
    assert kinds == ["data:image/svg+xml"] * 2 + ["data:image/png"] * 3  # fid, a loss, the reals once, two samples


def test_nothing_is_fetched_and_nothing_runs(runs: list[Path], read_html: Reader) -> None:
    document = page_of(runs)
    page = read_html(document)
    assert NASTY in page.text and "script" not in {tag for tag, _ in page.tags}
    assert page.sources and all(source.startswith("data:") for source in page.sources)
    assert "http" not in re.sub(r"http-equiv|data:[^\"]*", "", document)


def test_equal_runs_make_equal_pages(runs: list[Path]) -> None:
    assert page_of(runs) == page_of(runs)


def test_curves_of_two_protocols_are_two_figures(
    runs: list[Path], make: Maker, measure: Maker, protocol: Maker, read_html: Reader
) -> None:
    third = make("c")
    measure(third, {"fid[mnist]": 8.0}, protocol("fid[mnist]", fakes=50), best_by={"fid[mnist]": "lower"})
    measure(third, {"fid[mnist]": 8.0}, protocol("fid[mnist]", fakes=1000))
    page = read_html(page_of([*runs, third.path]))
    assert "fakes is 50, not 100" in page.text
    assert sum(attributes.get("alt") == "fid[mnist] against images seen" for _, attributes in page.tags) == 2


def test_fields_that_differ_are_aligned(runs: list[Path], read_html: Reader) -> None:
    document = page_of(runs)
    row = re.search(r"<tr><th scope=\"row\"><code>extra</code></th>(.*?)</tr>", document)
    assert row and read_html(row[1]).text == f"–{NASTY}"
    assert "latent.dim" not in document
    assert "Nothing: all fields are equal." not in document


def test_heavy_pictures_become_lighter_and_torn_ones_are_left_out(runs: list[Path], read_html: Reader) -> None:
    noise = np.random.default_rng(0).integers(256, size=(700, 700, 3), dtype=np.uint8)
    heavy = runs[0] / "samples" / "000000020.png"
    Image.fromarray(noise).save(heavy)
    torn = runs[1] / "samples" / "000000020.png"
    torn.write_bytes(torn.read_bytes()[:60])
    page = read_html(page_of(runs))
    jpeg = [attributes["src"] or "" for _, attributes in page.tags if "jpeg" in (attributes.get("src") or "")]
    assert len(jpeg) == 1 and len(jpeg[0]) < 4 / 3 * 300 * 1024 + 100 < heavy.stat().st_size
    assert "b, step 20" not in page.text and "as JPEG" in page.text


def test_a_run_alone_with_nothing_but_numbers(make: Maker, measure: Maker, protocol: Maker, read_html: Reader) -> None:
    run = make("a")
    for path in (*run.samples.iterdir(), run.log_jsonl, run.environment_json):
        path.unlink()
    measure(run, {"modes": 3}, protocol("modes"))
    text = read_html(page_of([run.path])).text
    assert "a, measured" in text and "Losses" not in text and "Newest samples" not in text


def test_a_name_of_markup_is_text_in_every_place(
    make: Maker, measure: Maker, protocol: Maker, read_html: Reader
) -> None:
    run, other = make("<b>&"), make("b\x1b\u202e")
    for one in (run, other):
        measure(one, {"modes": 3}, protocol("modes"))
    document = page_of([run.path, other.path])
    page = read_html(document)
    assert page.text.count("<b>&") >= 4 and "&lt;b&gt;&amp;" in document and "<b>&" not in document
    assert "b\ufffd\ufffd" in page.text and not {"\x1b", "\u202e"} & set(document)
