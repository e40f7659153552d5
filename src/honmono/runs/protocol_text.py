"""Protocols as text: each field as its name and its value."""

from collections.abc import Iterable
from typing import Any

from honmono.runs.protocols import Differences, Record, metric_of


HASHES = ("content", "checksum", "means")
HASH_LENGTH = 12  # letters: enough to distinguish two by eye; metrics.jsonl has all
LONGEST = 60  # letters of a value


def described(records: Iterable[Record]) -> list[str]:
    """Lines that name some metrics and what their records have in common; each field is given once.

    Of several runs a field may have several values: `fakes.seeds 0 or 0 1`.
    """
    metrics: dict[str, dict[str, dict[str, None]]] = {}
    for record in records:
        own = metrics.setdefault(metric_of(record), {})
        for name, value in (record["conditions"] | record["context"]).items():
            own.setdefault(name, {})[text(name, value)] = None
    lines: dict[str, dict[str, str]] = {}
    for fields in metrics.values():
        for name, values in fields.items():
            equal = [metric for metric, other in metrics.items() if other.get(name) == values]
            if name != "metric":
                names = "all" if 1 < len(equal) == len(metrics) else ", ".join(equal)
                lines.setdefault(names, {})[name] = f"{name} {' or '.join(values)}"
    return [f"{names}: {', '.join(fields.values())}" for names, fields in lines.items()]


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
