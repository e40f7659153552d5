"""A recipe's JSON as dotted fields."""

from typing import Any

import pytest

from honmono.runs.json_fields import equal_values, flatten


def test_fields_are_dotted_and_parts_stand_by_their_class() -> None:
    value = {"$class": "Recipe", "a": {"$class": "A", "b": [1, 2]}, "c": [{"$class": "C", "d": 3}], "e": []}
    assert flatten(value) == {"": "Recipe", "a": "A", "a.b": [1, 2], "c.0": "C", "c.0.d": 3, "e": []}


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (10, 10.0, True),
        ([0, 0.9], [0.0, 0.9], True),
        ([0, 0.9], [0.0], False),
        (1, True, False),
        ([1], [True], False),
        (2**63 - 1, 2**63 - 2, False),
        ("1", 1, False),
        (None, 0, False),
    ],
)
def test_a_whole_number_is_the_same_as_its_float_and_as_nothing_else(one: Any, other: Any, equal: bool) -> None:
    assert equal_values(one, other) == equal_values(other, one) == equal
