"""What a package index, a citation and a translation say is what the project says."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import honmono


ROOT = Path(__file__).parents[1]
ARTICLES = ROOT / "docs" / "articles"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Homepage"]
TRANSLATED = {
    "README.ja.md": "README.md",
    **{f"docs/articles/ja/{page.name}": f"docs/articles/{page.name}" for page in sorted(ARTICLES.glob("*.md"))},
}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def test_the_version_is_everywhere_the_same() -> None:
    citation = yaml.safe_load(text_of("CITATION.cff"))
    newest = re.findall(r"^## (\S+)", text_of("CHANGELOG.md"), re.MULTILINE)[0]
    assert citation["version"] == newest == honmono.__version__
    assert citation["repository-code"] == REPOSITORY and citation["license"] == PROJECT["license"]


def test_a_package_index_can_show_the_readme() -> None:
    """It serves no file of the repository, so that every link and picture is absolute."""
    text = text_of("README.md")
    assert "pip install honmono" in "\n".join(text.splitlines()[:10])
    assert all(link.startswith("https://") for link in re.findall(r"\]\(([^)]+)\)", text))


def test_an_extra_names_extras_that_exist() -> None:
    extras = PROJECT["optional-dependencies"]
    for requirement in sum(extras.values(), []):
        if named := re.match(r"honmono\[(.+)\]", requirement):
            assert set(named[1].split(",")) <= set(extras)


def commands(text: str) -> list[list[str]]:
    """The fenced blocks of a page in order: language and lines, without comments, which are translated."""
    blocks = re.findall(r"^```(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [[re.sub(r"\s*(?<!\S)# .*$", "", line) for line in block.splitlines()] for block in blocks]


@pytest.mark.parametrize("page", TRANSLATED)
def test_a_translation_has_the_commands_pictures_and_numbers_of_its_page(page: str) -> None:
    ours, original = text_of(page), text_of(TRANSLATED[page])
    assert commands(ours) == commands(original)
    for what in (r"^#+ ", r"!\[[^\]]*\]\([^)]*?([^/)]+)\)", r"^\|"):
        found, expected = (re.findall(what, text, re.MULTILINE) for text in (ours, original))
        assert found == expected, f"{page}: {what}"
    for what in (r"`([^`\n]+)`", r"\d[\d,.]*\d"):
        missing = set(re.findall(what, original)) - set(re.findall(what, ours))
        assert not missing, f"{page} lacks {sorted(missing)}"


def test_every_page_of_an_article_is_translated() -> None:
    assert {path.name for path in (ARTICLES / "ja").iterdir()} == {path.name for path in ARTICLES.glob("*.md")}
