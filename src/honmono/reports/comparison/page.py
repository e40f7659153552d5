"""The HTML page of a comparison: the table, the protocol, what differs, curves, samples and cost."""

import json
from collections.abc import Sequence
from typing import Any

from honmono.reports.comparison.comparison import Comparison
from honmono.reports.comparison.numbers import UNKNOWN, Numbers
from honmono.reports.comparison.pictures import loss_curves, metric_curves, neighbours, newest_samples, real_samples
from honmono.reports.comparison.summary import Summary
from honmono.reports.comparison.table import details, legend
from honmono.reports.figures.style import STROKES
from honmono.reports.html import Cell, Table, render
from honmono.runs.json_fields import equal_values


MOST_SAMPLES = 48  # sample grids on a page


def page(comparison: Comparison) -> str:
    """The page of a comparison."""
    runs = comparison.runs
    names = ", ".join(dict.fromkeys(run.recipe for run in runs))
    title = f"{len(runs)} runs compared" if len(runs) > 1 else f"{runs[0].name}, measured"
    return render("reports/comparison/page.html", title=title, summary=names, **body(comparison))


def body(comparison: Comparison, samples: bool = True) -> dict[str, Any]:
    """The variables of body.html. samples: whether to include each run's newest samples."""
    runs, measured = comparison.runs, comparison.measured
    made = comparison.table
    return {
        "runs": runs,
        "numbers": made,
        "legend": legend(made, text=False),
        "how_measured": comparison.how_measured,
        "fields": _fields(runs) if len(runs) > 1 else None,
        "strokes": [(run.name, stroke) for run, stroke in zip(runs, STROKES, strict=False)],
        "metric_curves": list(metric_curves(runs)),
        "details": details(runs, measured, comparison.agreements),
        "loss_curves": list(loss_curves(runs)),
        "samples": [*real_samples(runs), *newest_samples(runs[:MOST_SAMPLES])] if samples else [],
        "most_samples": MOST_SAMPLES,
        "neighbours": list(neighbours(runs[:MOST_SAMPLES])),
        "costs": _costs(runs, measured),
    }


def _fields(runs: Sequence[Summary]) -> Table:
    """The fields in which the recipes differ, and their values."""
    fields = dict.fromkeys(field for run in runs for field in run.fields)
    values = {field: [run.fields.get(field, UNKNOWN) for run in runs] for field in fields}
    different = [
        field for field, (first, *others) in values.items() if not all(equal_values(first, other) for other in others)
    ]
    rows = [[Cell(field, code=True), *(_value(run, field) for run in runs)] for field in different]
    return Table(["field", *(run.name for run in runs)], rows)


def _value(run: Summary, field: str) -> str:
    return json.dumps(run.fields[field], ensure_ascii=False).strip('"') if field in run.fields else UNKNOWN


def _costs(runs: Sequence[Summary], measured: Sequence[Numbers]) -> Table:
    header = ["run", "seconds of training", "images/s", "seconds to measure", "hardware", "torch", "command"]
    rows: list[list[Cell | str]] = []
    for run, one in zip(runs, measured, strict=True):
        cost = run.cost(one.checkpoint)
        commands = " ; ".join(run.commands)
        rows.append(
            [
                run.name,
                _number(cost.seconds, 1),
                _number(cost.images_per_second, 0),
                _number(one.seconds, 1),
                run.hardware or UNKNOWN,
                run.torch or UNKNOWN,
                Cell(commands or UNKNOWN, code=bool(commands)),
            ]
        )
    return Table(header, rows, numbers=(1, 2, 3))


def _number(value: float | None, places: int) -> str:
    return UNKNOWN if value is None else f"{value:,.{places}f}"
