"""Printing JSON documents and plain tables."""

import json
from collections.abc import Sequence
from typing import Any


def print_json(value: Any) -> None:
    """Prints a strict JSON document in ASCII, which is valid in every encoding."""
    print(json.dumps(value, indent=2, allow_nan=False))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints aligned columns."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
