"""Protocols in words: each field as its name and its value."""

from collections.abc import Iterable, Mapping
from typing import Any

from honmono.runs.protocols import Differences, Record, by_metric, common, shared


HASHES = ("content", "checksum", "means")
HASH_LENGTH = 12  # letters: enough to tell two apart by eye; metrics.jsonl has all
LONGEST = 60  # letters of a value


def described(records: Iterable[Record]) -> list[str]:
    """Lines that name some metrics and the fields of which these have the same value; each field stands once."""
    metrics = {metric: one["conditions"] | one["context"] for metric, one in shared(records).items()}
    for fields in metrics.values():
        fields.pop("metric", None)
    lines: dict[str, dict[str, Any]] = {}
    for fields in metrics.values():
        for name, value in fields.items():
            equal = [metric for metric, other in metrics.items() if other.get(name) == value]
            names = "all" if 1 < len(equal) == len(metrics) else ", ".join(equal)
            lines.setdefault(names, {})[name] = value
    return [f"{names}: {listed(fields)}" for names, fields in lines.items()]


def varying(records: Iterable[Record]) -> list[str]:
    """A line for the context in which numbers of one metric differ, with its values; [] where there is none."""
    values: dict[str, list[str]] = {}
    for own in by_metric(records).values():
        same = common([record["context"] for record in own])
        for name, value in (field for record in own for field in record["context"].items()):
            if name not in same:
                values.setdefault(name, []).append(text(name, value))
    fields = ", ".join(f"{name} {' or '.join(dict.fromkeys(found))}" for name, found in values.items())
    return [f"different, with no effect on what can be compared: {fields}"] if fields else []


def listed(fields: Mapping[str, Any]) -> str:
    """`fakes 10,000, features.input 1x28x28`."""
    return ", ".join(f"{name} {text(name, value)}" for name, value in fields.items())


def contrasted(found: Differences) -> str:
    """`fakes is 500, not 1,000; fakes.truncation is none, not 0.5`."""
    return "; ".join(f"{name} is {text(name, one)}, not {text(name, other)}" for name, (one, other) in found.items())


def text(name: str, value: Any) -> str:
    """A field's value without brackets and quotes; a hash by its first letters."""
    if value is None:
        return "none"
    if isinstance(value, list):
        return " ".join(text(name, inside) for inside in value)
    if isinstance(value, str) and name.endswith(HASHES):
        return value[:HASH_LENGTH]
    shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."
