"""The site of the documentation and its notebook: each page is in it, nothing comes from elsewhere, the cells run."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import honmono


ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LOADED = re.compile(r"<(?:script|img|iframe|source|link)\b[^>]*?\b(?:src|href)=[\"']?((?:https?:)?//[^\"'\s>]+)")


def cells(notebook: str) -> Iterator[str]:
    """The code of a notebook's cells, in order."""
    read = json.loads((DOCS / "notebooks" / notebook).read_text(encoding="utf-8"))
    yield from ("".join(cell["source"]) for cell in read["cells"] if cell["cell_type"] == "code")


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cell after cell, in one namespace, with fewer steps."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code in cells("digits.ipynb"):
        exec(code.replace("steps=200", "steps=20"), names)
    assert len(names["walk"]) == 10  # type: ignore[arg-type]
    assert {"precision[digits]", "label_fidelity[digits]"} <= set(names["measured"]["metrics"])  # type: ignore[index]


def test_a_notebook_is_kept_without_what_it_printed() -> None:
    for path in (DOCS / "notebooks").glob("*.ipynb"):
        read = json.loads(path.read_text(encoding="utf-8"))
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in read["cells"]), path.name


def test_each_public_name_has_its_entry_in_the_api() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    entries = re.findall(r"^::: (\S+)$", page, re.MULTILINE)
    assert {target.replace(":", ".") for target in honmono.LAZY.values()} <= {*entries}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.slow
def test_each_page_is_on_the_site(site: Path) -> None:
    for page in DOCS.rglob("*.md"):
        name = "index" if page.stem == "README" else page.stem
        assert (site / page.relative_to(DOCS).with_name(f"{name}.html")).is_file(), page
    assert 'id="honmono.training.train.train"' in (site / "api.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        assert not LOADED.findall(page.read_text(encoding="utf-8")), page
    for style in site.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style


@pytest.mark.slow
def test_links_out_of_the_pages_lead_to_the_repository(site: Path) -> None:
    text = (site / "articles" / "index.html").read_text(encoding="utf-8")
    assert "https://github.com/honmono/honmono/blob/main/benchmarks/README.md" in text
    assert 'href="../guide.html#formats"' in text
