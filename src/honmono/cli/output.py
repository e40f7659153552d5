"""How verbs print: JSON documents and plain tables."""

import json
from collections.abc import Sequence
from typing import Any


def print_json(value: Any) -> None:
    """One strict JSON document on standard output, in ASCII: valid whatever that stream's encoding is."""
    print(json.dumps(value, indent=2, allow_nan=False))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell; the last one runs free."""
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
