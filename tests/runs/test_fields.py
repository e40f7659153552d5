"""A recipe's JSON as dotted fields."""

from honmono.runs.fields import flat


def test_fields_are_dotted_and_parts_stand_by_their_class() -> None:
    value = {"$class": "Recipe", "a": {"$class": "A", "b": [1, 2]}, "c": [{"$class": "C", "d": 3}], "e": []}
    assert flat(value) == {"": "Recipe", "a": "A", "a.b": [1, 2], "c.0": "C", "c.0.d": 3, "e": []}
