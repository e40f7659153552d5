"""The list that is read from source says the same as the registry that imports it."""

import re
from dataclasses import asdict
from typing import Any

from honmono.recipe.hyperparameters import children
from honmono.recipe.registry import entries
from honmono.recipe.value import Recipe
from honmono.recipes import COLUMNS, catalogue


def test_the_list_equals_the_registry() -> None:
    assert catalogue() == [{column: getattr(entry, column) for column in COLUMNS} for entry in entries().values()]
    assert COLUMNS == ("name", "source", "data", "summary")


def test_every_recipe_says_all_in_one_line() -> None:
    for row in catalogue():
        assert all(text and "\n" not in text and text == text.strip() for text in row.values()), row


def test_quirks_and_tiny_overrides_are_literals_too() -> None:
    for entry in entries().values():
        words = asdict(entry)
        assert all(isinstance(quirk, str) and quirk for quirk in words["quirks"]), entry.name
        assert words["tiny"] and all(isinstance(text, str) for text in words["tiny"].values()), entry.name


def test_the_fields_that_quirks_name_are_their_recipe_s() -> None:
    """Such as objective.penalties.0.every, and optimizers.*.weight_decay of both players."""
    dotted = re.compile(rf"\b(?:{'|'.join(Recipe.__dataclass_fields__)})(?:\.(?:\w+|\*))+")
    named = [
        (entry, field) for entry in entries().values() for quirk in entry.quirks for field in dotted.findall(quirk)
    ]
    assert len(named) > 100
    for entry, field in named:
        assert exists(entry.make(), field.split(".")), f"{entry.name} has no field {field}"


def exists(value: Any, keys: list[str]) -> bool:
    if not keys:
        return True
    head, *rest = keys
    parts = children(value)
    chosen = list(parts.values()) if head == "*" else [parts[head]] if head in parts else []
    return bool(chosen) and all(exists(one, rest) for one in chosen)
