"""The result of `honmono compare`, as a value: a table, the shared protocol, and what is not comparable."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from honmono.reports.comparison.agreement import Agreement
from honmono.reports.comparison.numbers import Numbers
from honmono.reports.comparison.summary import Summary
from honmono.reports.comparison.table import images, legend, printable, table
from honmono.reports.html import Table
from honmono.runs.evaluations import is_detail
from honmono.runs.protocol_text import describe
from honmono.runs.protocols import Record, shared


@dataclass(frozen=True)
class Comparison:
    """Several runs and their numbers.

    runs: what their directories say of them.
    measured: the numbers of each run.
    agreements: by key, which runs are comparable.
    """

    runs: Sequence[Summary]
    measured: Sequence[Numbers]
    agreements: Mapping[str, Agreement]

    @property
    def protocol(self) -> dict[str, Any]:
        """By metric, the conditions and the context that all runs share."""
        return shared(self._records)

    @property
    def table(self) -> Table:
        """The table, for text and for the page."""
        return table(self.runs, self.measured, self.agreements)

    @property
    def lines(self) -> list[str]:
        """The lines below the table in text: footnotes, a legend, and how the numbers were measured."""
        made = self.table
        notes = [f"[{sign}] {note}" for sign, note in made.notes]
        return list(map(printable, [*notes, *legend(made, text=True), *self.how_measured]))

    @property
    def how_measured(self) -> list[str]:
        """The protocols of the numbers as text, and the notes of evaluations."""
        notes = [f"{run.name}: {note}" for run, one in zip(self.runs, self.measured, strict=True) for note in one.notes]
        return [*describe(self._records), *notes]

    @property
    def _records(self) -> list[Record]:
        numbers = [(key, number) for one in self.measured for key, number in one.numbers.items()]
        return [number.record for key, number in numbers if not is_detail(key)]

    @property
    def mixed(self) -> list[dict[str, Any]]:
        """The numbers that are not comparable with those of most runs, with the conditions that differ."""
        return [
            {
                "metric": key,
                "run": self.runs[index].name,
                "compared_with": [self.runs[other].name for other in one.comparable],
                "differences": {field: {"here": here, "there": there} for field, (here, there) in differences.items()},
            }
            for key, one in self.agreements.items()
            for index, differences in one.incomparable.items()
        ]

    def to_json(self) -> dict[str, Any]:
        """One strict JSON document: runs, what their protocols share, and what is not comparable."""
        rows = [self._row(index) for index in range(len(self.runs))]
        return {"runs": rows, "protocol": self.protocol, "mixed": self.mixed}

    def csv(self) -> str:
        """A row for each run; a number that is not finite is `nan`, a missing one an empty cell."""
        rows = [_flat_row(self._row(index)) for index in range(len(self.runs))]
        names = dict.fromkeys(name for row in rows for name in row)
        text = io.StringIO()
        writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def _row(self, index: int) -> dict[str, Any]:
        run, one = self.runs[index], self.measured[index]
        cost = run.cost(one.checkpoint)
        values = {key: number.value for key, number in one.numbers.items()}
        return {
            "run": run.name,
            "path": str(run.run.path),
            "recipe": run.recipe,
            "checkpoint": one.checkpoint,
            "steps": run.planned,
            "images": images(run, one),
            "metrics": {key: value if math.isfinite(value) else None for key, value in values.items()},
            "intervals": {key: list(n.interval) for key, n in one.numbers.items() if n.interval and n.half is not None},
            "not_comparable": [key for key, found in self.agreements.items() if index in found.incomparable],
            "notes": list(one.notes),
            "weights": one.sampled("weights"),
            "batch_norm": one.sampled("batch_norm"),
            "seeds": one.sampled("seeds"),
            "during_training": one.during_training,
            "seconds": cost.seconds,
            "images_per_second": cost.images_per_second and round(cost.images_per_second, 1),
            "device": run.device,
            "precision": run.precision,
            "hardware": run.hardware,
            "commands": run.commands,
        }


def _flat_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without nested values: a column for each number, and `.low` and `.high` for its interval."""
    values: dict[str, Any] = {}
    for name, value in row.items():
        if name == "metrics":
            values |= {key: "nan" if number is None else repr(number) for key, number in value.items()}
        elif name == "intervals":
            for key, (low, high) in value.items():
                values |= {f"{key}.low": repr(low), f"{key}.high": repr(high)}
        else:
            values[name] = "; ".join(value) if isinstance(value, list) else value
    return values
