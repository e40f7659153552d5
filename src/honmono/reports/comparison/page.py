"""A comparison as a page: the table, how it was measured, what differs, curves, samples, cost."""

import json
from collections.abc import Iterator, Sequence

from honmono.reports.comparison.comparison import Comparison
from honmono.reports.comparison.numbers import UNKNOWN, Numbers
from honmono.reports.comparison.pictures import loss_curves, metric_curves, neighbours, newest_samples, real_samples
from honmono.reports.comparison.summary import Summary
from honmono.reports.comparison.table import details, legend
from honmono.reports.figures.style import STROKES
from honmono.reports.html import Block, Bullets, Cell, Heading, Key, Page, Paragraph, Picture, Pictures, Table
from honmono.runs.fields import same


CURVE, SAMPLES = 320, 380  # pixels: the least width of a figure, and of a picture of samples
MOST_SAMPLES = 48  # pictures of samples on a page


def page(comparison: Comparison) -> Page:
    """The page of a comparison."""
    runs = comparison.runs
    names = ", ".join(dict.fromkeys(run.recipe for run in runs))
    title = f"{len(runs)} runs compared" if len(runs) > 1 else f"{runs[0].name}, measured"
    return Page(title, blocks(comparison), names)


def blocks(comparison: Comparison, samples: bool = True) -> list[Block]:
    """All that stands under the title. samples: whether each run's newest are shown."""
    runs, measured = comparison.runs, comparison.measured
    made = comparison.table
    parts: list[Block] = [made, Paragraph(" ".join(legend(made, text=False)), quiet=True)]
    parts += _protocol(comparison)
    parts += _recipes(runs)
    parts += _curves("Metrics while training", runs, list(metric_curves(runs)))
    parts += _details(comparison)
    parts += _curves("Losses", runs, list(loss_curves(runs)))
    parts += _samples(runs) if samples else ()
    parts += _neighbours(runs)
    parts += _cost(runs, measured)
    return parts


def _protocol(comparison: Comparison) -> Iterator[Block]:
    yield Heading("How it was measured")
    yield Bullets(comparison.measured_by)


def _recipes(runs: Sequence[Summary]) -> Iterator[Block]:
    """The fields in which the recipes differ, aligned."""
    if len(runs) < 2:
        return
    yield Heading("What differs between the recipes")
    fields = dict.fromkeys(field for run in runs for field in run.fields)
    values = {field: [run.fields.get(field, UNKNOWN) for run in runs] for field in fields}
    apart = [field for field, (first, *others) in values.items() if not all(same(first, other) for other in others)]
    rows = [[Cell(field, code=True), *(_told(run, field) for run in runs)] for field in apart]
    if rows:
        header = ["field", *(run.name for run in runs)]
        yield Table(header, rows, folded=f"{len(rows)} fields")
    else:
        yield Paragraph("Nothing: every field is the same.")


def _told(run: Summary, field: str) -> str:
    return json.dumps(run.fields[field], ensure_ascii=False).strip('"') if field in run.fields else UNKNOWN


def _details(comparison: Comparison) -> Iterator[Block]:
    for whole, table in details(comparison.runs, comparison.measured, comparison.agreements).items():
        yield Heading(f"{whole}, part by part")
        yield table


def _curves(title: str, runs: Sequence[Summary], pictures: Sequence[Picture]) -> Iterator[Block]:
    if not pictures:
        return
    shown = [run.name for run in runs][: len(STROKES)]
    yield Heading(title)
    if len(runs) > len(shown):
        yield Paragraph(f"Of the first {len(shown)} runs: more lines could not be told apart.", quiet=True)
    yield Key(list(zip(shown, STROKES, strict=False)))
    yield Pictures(pictures, CURVE)


def _samples(runs: Sequence[Summary]) -> Iterator[Block]:
    real, fake = list(real_samples(runs)), list(newest_samples(runs[:MOST_SAMPLES]))
    if real or fake:
        yield Heading("Newest samples")
        if len(runs) > MOST_SAMPLES:
            yield Paragraph(f"Of the first {MOST_SAMPLES} runs.", quiet=True)
        yield Pictures([*real, *fake], SAMPLES)


def _neighbours(runs: Sequence[Summary]) -> Iterator[Block]:
    if pictures := list(neighbours(runs[:MOST_SAMPLES])):
        yield Heading("Nearest training pictures")
        yield Paragraph(
            "In each row a fake, then the real pictures nearest to it. Copies tell of memorizing.", quiet=True
        )
        yield Pictures(pictures, SAMPLES)


def _cost(runs: Sequence[Summary], measured: Sequence[Numbers]) -> Iterator[Block]:
    yield Heading("What it cost")
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
    yield Table(header, rows, numbers=(1, 2, 3))


def _number(value: float | None, places: int) -> str:
    return UNKNOWN if value is None else f"{value:,.{places}f}"
