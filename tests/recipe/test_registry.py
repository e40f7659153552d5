"""Finding recipes: by name, and in a user's own file."""

import sys
from pathlib import Path

import pytest

from honmono.errors import Refused
from honmono.recipe.override import override
from honmono.recipe.registry import entries, find
from honmono.recipe.value import Recipe


HEAD = """
from dataclasses import replace
from honmono.errors import Refused
from honmono.recipe.registry import find, recipe

def parent():
    return find("gan-grid").make()
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(
        HEAD
        + """
@recipe("ring-of-mine", source="me", data="grid", summary="mine", quirks=("none",), tiny={"latent.dim": "2"})
def decorated():
    return replace(parent(), conditional=True)

def plain_one():
    return replace(parent(), sampling="batch")

def needs(something):
    return parent()

def none():
    return None

class Anything:
    pass
"""
    )
    return file


@pytest.mark.parametrize("name", sorted(entries()))
def test_every_recipe_is_found_made_and_shrunk(name: str) -> None:
    entry = find(name)
    assert entry.name == name and entry.file is not None and entry.file.parent.name == "recipes"
    assert isinstance(override(entry.make(), entry.tiny), Recipe)


@pytest.mark.parametrize(
    ("name", "near"), [("dcgan-mnits", "dcgan-mnist"), ("gan_grid", "gan-grid"), ("DCGAN-digits", "dcgan-digits")]
)
def test_a_misspelt_recipe_is_refused_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(Refused, match=f"no recipe is named '{name}'; did you mean '{near}'.*honmono list"):
        find(name)


def test_a_recipe_in_a_file_with_and_without_a_decorator(mine: Path) -> None:
    decorated, plain = find(f"{mine}:decorated"), find(f"{mine}:plain_one")
    assert (decorated.name, decorated.source, dict(decorated.tiny)) == ("ring-of-mine", "me", {"latent.dim": "2"})
    assert decorated.make().conditional and decorated.file == mine
    assert (plain.name, plain.file) == ("plain-one", mine) and plain.make().sampling == "batch"
    assert "ring-of-mine" not in entries()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("decorate", "no recipe function 'decorate'; name one as .*mine.py:decorated"),
        ("find", "no recipe function 'find'"),  # imported there, not made there
        ("", "no recipe function ''; name one as .*mine.py:decorated"),
        ("needs", "is not a recipe"),
        ("none", "is not a recipe"),
        ("Anything", "is not a recipe"),
    ],
)
def test_what_is_no_recipe_in_a_file_is_refused(mine: Path, function: str, message: str) -> None:
    with pytest.raises(Refused, match=message) as refusal:
        find(f"{mine}:{function}")
    assert "\n" not in str(refusal.value)


def test_a_file_alone_is_told_how_to_name_its_recipe(mine: Path) -> None:
    with pytest.raises(Refused, match="name one as .*mine.py:decorated"):
        find(str(mine))
    with pytest.raises(Refused, match=".*yours.py does not exist"):
        find(f"{mine.with_name('yours.py')}:decorated")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def broken(:\n", r"raised an error: SyntaxError: .*\(line 1\)"),
        ("\n\nint('many')\n", r"ValueError: .*'many' \(line 3\)"),
        ("def gan():\n    return no_such_name\n", r"NameError: name 'no_such_name' is not defined \(line 2\)"),
        ("import json\njson.loads('{')\n", r"JSONDecodeError: .* \(line 2\)"),
        ("\n\nimport no_such_module\n", r"ModuleNotFoundError: No module named 'no_such_module' \(line 3\)"),
        (HEAD + "raise Refused('not today')\n", "^not today$"),
    ],
)
def test_a_file_that_cannot_be_run_is_refused_naming_the_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "broken.py"
    file.write_text(text)
    with pytest.raises(Refused, match=message):
        find(f"{file}:gan")


def test_the_code_of_a_file_is_found_by_its_module_as_compilers_and_dataclasses_look_for_it(mine: Path) -> None:
    text = mine.read_text()
    for folder in ("one", "two"):
        (mine.parent / folder).mkdir()
        again = mine.parent / folder / "mine.py"
        again.write_text(
            "from __future__ import annotations\nfrom dataclasses import dataclass\n"
            + text
            + "\n@dataclass(frozen=True)\nclass Named:\n    number: int = 1\n"
        )
        function = find(f"{again}:decorated").make
        assert vars(sys.modules[function.__module__]) is function.__globals__
