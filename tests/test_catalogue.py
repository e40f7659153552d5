"""The list that is read from source says the same as the registry that imports it."""

from dataclasses import asdict

from honmono.catalogue import COLUMNS, catalogue
from honmono.registry import entries


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
