"""A recipe's JSON as a flat map of dotted fields, to show and to compare."""

from typing import Any


def flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """The values by dotted field. The class of a nested value is the value of its own field, `objective`."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        value = {str(place): item for place, item in enumerate(value)}
    if not isinstance(value, dict):
        return {prefix: value}
    fields: dict[str, Any] = {}
    for name, part in value.items():
        fields |= flatten(part, prefix if name.startswith("$") else f"{prefix}.{name}".lstrip("."))
    return fields


def equal_values(one: Any, other: Any) -> bool:
    """Whether two values of a recipe's JSON are equal; an int equals the same float, but not a bool."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal_values, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)
