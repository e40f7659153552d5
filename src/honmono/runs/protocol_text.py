"""Protocols as text: the name and the value of each field."""

from collections.abc import Iterable
from typing import Any

from honmono.runs.protocols import Differences, Record, metric_of


HASHES = ("content", "checksum", "means")
HASH_LENGTH = 12  # characters, enough to distinguish two; metrics.jsonl has all
LONGEST = 60  # characters of a value


def describe_in_one_line(records: Iterable[Record]) -> str:
    """The lines of `describe`, joined into one."""
    return "; ".join(describe(records))


def describe(records: Iterable[Record]) -> list[str]:
    """Lines of metrics and the fields that their records share, so that each field is given once.

    A field that differs between runs has several values: `fakes.seeds 0 or 0 1`.
    """
    metrics: dict[str, dict[str, dict[str, None]]] = {}
    for record in records:
        own = metrics.setdefault(metric_of(record), {})
        for name, value in (record["conditions"] | record["context"]).items():
            own.setdefault(name, {})[format_value(name, value)] = None
    lines: dict[str, dict[str, str]] = {}
    for fields in metrics.values():
        for name, values in fields.items():
            equal = [metric for metric, other in metrics.items() if other.get(name) == values]
            if name != "metric":
                names = "all" if 1 < len(equal) == len(metrics) else ", ".join(equal)
                lines.setdefault(names, {})[name] = f"{name} {' or '.join(values)}"
    return [f"{names}: {', '.join(fields.values())}" for names, fields in lines.items()]


def describe_differences(found: Differences) -> str:
    """`fakes is 500, not 1,000; fakes.truncation is none, not 0.5`."""
    return "; ".join(
        f"{name} is {format_value(name, one)}, not {format_value(name, other)}" for name, (one, other) in found.items()
    )


def format_value(name: str, value: Any) -> str:
    """A field's value without brackets and quotes; a hash is shortened."""
    if value is None:
        return "none"
    if isinstance(value, list):
        return " ".join(format_value(name, inside) for inside in value)
    if isinstance(value, str) and name.endswith(HASHES):
        return value[:HASH_LENGTH]
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
