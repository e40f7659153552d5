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
