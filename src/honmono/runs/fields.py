"""A recipe's JSON as dotted fields, to tell and to compare them."""

from typing import Any


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """A recipe's JSON by dotted field; a part that has fields itself stands there as the name of its class."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        value = {str(place): item for place, item in enumerate(value)}
    if not isinstance(value, dict):
        return {prefix: value}
    fields: dict[str, Any] = {}
    for name, part in value.items():
        fields |= flat(part, prefix if name.startswith("$") else f"{prefix}.{name}".lstrip("."))
    return fields


def same(one: Any, other: Any) -> bool:
    """Whether two values of recipes' JSON are equal, a whole number and the float of it too."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)
