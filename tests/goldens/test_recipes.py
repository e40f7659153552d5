"""What a run's recipe.json said of every recipe is still read: as the same recipe, with networks of the same shapes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import honmono


Described = dict[str, Any]
NAMES = [entry["name"] for entry in honmono.list_recipes()]


@pytest.mark.parametrize("name", NAMES)
def test_its_stored_record_is_read_as_the_recipe_of_today(
    name: str,
    stored: Callable[..., Described],
    record_of: Callable[[str], Described],
    record_from: Callable[[Described], Described],
) -> None:
    """Both are compared as today's JSON, in which classes and fields may have other names than in the stored one."""
    old = stored(f"recipes/{name}", lambda: record_of(name))
    read = record_from(old["recipe_json"])
    assert read["recipe_json"] == record_of(name)["recipe_json"]
    assert read["shapes"] == old["shapes"]


def test_every_stored_record_is_one_of_a_recipe() -> None:
    assert {path.stem for path in (Path(__file__).parent / "recipes").glob("*.json")} == set(NAMES)
