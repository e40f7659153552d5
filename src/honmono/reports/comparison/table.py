"""The table of a comparison, for text and for HTML: a row for each run, with its numbers and their cost."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from honmono.errors import first_of
from honmono.reports.comparison.agreement import Agreement
from honmono.reports.comparison.numbers import MOST_NAMED, UNKNOWN, Number, Numbers
from honmono.reports.comparison.summary import Summary
from honmono.reports.figures.style import STROKES
from honmono.reports.html import Cell, Table
from honmono.runs.evaluations import is_detail
from honmono.runs.protocol_text import describe_differences
from honmono.runs.protocols import arrow


DIGITS = 4  # significant, of a number without an interval
BEFORE = ("run", "recipe", "step", "images seen")
# Weights and batch norm are columns, and runs that differ in them are comparable: they are choices of a GAN, as its
# losses are, and not conditions of measuring.
AFTER = ("weights", "batch norm", "measured", "seconds", "images/s", "device", "precision", "hardware")
MARK = "*"  # for the best, in text

Key = TypeVar("Key")


def table(
    runs: Sequence[Summary],
    measured: Sequence[Numbers],
    found: Mapping[str, Agreement],
) -> Table:
    """All runs with all numbers; details of a number (of its classes) are in `details`."""
    keys = [key for key in found if not is_detail(key)]
    notes = _footnotes(runs, found, keys)
    best = {key: best_places(found[key], measured) for key in keys}
    rows = []
    for index, (run, one) in enumerate(zip(runs, measured, strict=True)):
        cells: list[Cell | str] = [_name(run, index), run.recipe, _step(run, one), _whole(images(run, one))]
        cells += [
            number_cell(one.numbers.get(key), index in best[key], _sign(notes, found, key, index)) for key in keys
        ]
        rows.append([*cells, *_after(run, one)])
    header = [*BEFORE, *headings(found, keys), *AFTER]
    numbers = {2, 3, *range(len(BEFORE), len(BEFORE) + len(keys)), header.index("seconds"), header.index("images/s")}
    return Table(header, rows, numbers, list(notes.values()))


def details(
    runs: Sequence[Summary],
    measured: Sequence[Numbers],
    found: Mapping[str, Agreement],
) -> dict[str, Table]:
    """For each number with details, a table of them: label fidelity by class."""
    parts: dict[str, list[str]] = {}
    for key in filter(is_detail, found):
        parts.setdefault(f"{key.partition('].')[0]}]", []).append(key)
    tables = {}
    for whole, keys in parts.items():
        notes = _footnotes(runs, found, keys[:1])
        rows = [
            [
                _name(run, index),
                *(number_cell(one.numbers.get(key), sign=_sign(notes, found, key, index)) for key in keys),
            ]
            for index, (run, one) in enumerate(zip(runs, measured, strict=True))
            if any(key in one.numbers for key in keys)
        ]
        names = [key.removeprefix(f"{whole}.") for key in keys]
        tables[whole] = Table(["run", *names], rows, range(1, len(names) + 1), list(notes.values()))
    return tables


def _name(run: Summary, index: int) -> Cell:
    """A run's name with the stroke of its curves; there are strokes for the first runs only."""
    return Cell(run.name, stroke=STROKES[index] if index < len(STROKES) else None)


def _sign(notes: Mapping[int, tuple[str, str]], found: Mapping[str, Agreement], key: str, index: int) -> str:
    return notes[index][0] if index in found[key].incomparable and index in notes else ""


def _footnotes(
    runs: Sequence[Summary], found: Mapping[str, Agreement], keys: Collection[str]
) -> dict[int, tuple[str, str]]:
    """By index of each run with a number that is not comparable: a sign, and what differs."""
    indices = sorted({index for key in keys for index in found[key].incomparable})
    return {index: (str(sign), _footnote(index, runs, found, keys)) for sign, index in enumerate(indices, 1)}


def _footnote(index: int, runs: Sequence[Summary], found: Mapping[str, Agreement], keys: Collection[str]) -> str:
    """The text of a footnote; keys with the same differences share a sentence."""
    sentences: dict[str, list[str]] = {}
    for key in keys:
        if differences := found[key].incomparable.get(index):
            others = first_of([runs[other].name for other in found[key].comparable], MOST_NAMED)
            sentences.setdefault(f"cannot be compared with {others}: {describe_differences(differences)}", []).append(
                key
            )
    parts = [f"{', '.join(same)} {sentence}" for sentence, same in sentences.items()]
    return f"{runs[index].name}: {'. '.join(parts)}."


def best_places(agreement: Agreement, measured: Sequence[Numbers]) -> set[int]:
    """The indices of the best comparable runs; several if they are equal, and none if fewer than two are comparable."""
    values = {index: measured[index].numbers[agreement.key].value for index in agreement.comparable}
    finite = {index: value for index, value in values.items() if math.isfinite(value)}
    return best_of(finite, agreement) if len(values) > 1 else set()


def best_of(values: Mapping[Key, float], agreement: Agreement) -> set[Key]:
    """The keys of the best values; several if they are equal."""
    if not values or agreement.better is None:
        return set()
    best = (max if agreement.better == "higher" else min)(values.values())
    return {key for key, value in values.items() if value == best}


def headings(found: Mapping[str, Agreement], keys: Iterable[str]) -> list[str]:
    """The keys as headings, with arrows for the better direction."""
    return [f"{key} {arrow(found[key].better)}".rstrip() for key in keys]


def number_cell(number: Number | None, best: bool = False, sign: str = "") -> Cell:
    """A number with half the width of its interval, rounded to significant digits."""
    if number is None:
        return Cell(UNKNOWN)
    if not math.isfinite(number.value):
        return Cell("not finite", sign=sign)
    if number.half is None:
        return Cell(f"{number.value:.{DIGITS}g}", best=best, sign=sign)
    places = 1 - math.floor(math.log10(number.half)) if number.half else 0
    places = min(max(places, 0), 6)
    return Cell(f"{number.value:,.{places}f}", f"±{number.half:,.{places}f}", best=best, sign=sign)


def text_rows(made: Table) -> list[list[str]]:
    """The cells for a terminal: the best with a mark, footnote signs in brackets."""
    return [[_text(cell) for cell in row] for row in made.cells]


def _text(cell: Cell) -> str:
    mark, more, sign = MARK * cell.best, f" {cell.more}" * bool(cell.more), f" [{cell.sign}]" * bool(cell.sign)
    return f"{printable(cell.text)}{mark}{more}{sign}"


def printable(text: str) -> str:
    """The text without control characters for the terminal: it may come from another user's run."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _after(run: Summary, one: Numbers) -> list[str]:
    cost = run.cost(one.checkpoint)
    seconds = UNKNOWN if cost.seconds is None else f"{cost.seconds:,.{0 if cost.seconds >= 100 else 1}f}"
    return [
        one.sampled("weights"),
        one.sampled("batch_norm"),
        "during training" if one.during_training else "evaluate",
        seconds,
        _whole(cost.images_per_second),
        run.device or UNKNOWN,
        run.precision or UNKNOWN,
        run.hardware or UNKNOWN,
    ]


def _step(run: Summary, one: Numbers) -> str:
    """The step of the checkpoint, with the planned steps of a run that is not finished."""
    return (
        f"{one.checkpoint:,} of {run.planned:,}"
        if run.planned and run.planned > one.checkpoint
        else f"{one.checkpoint:,}"
    )


def images(run: Summary, one: Numbers) -> float | None:
    """Images seen up to the measured checkpoint, from the evaluation or else from the log."""
    return one.images if one.images is not None else run.cost(one.checkpoint).images


def _whole(number: float | None) -> str:
    return UNKNOWN if number is None else f"{number:,.0f}"


def legend(made: Table, text: bool) -> list[str]:
    """What the marks in a table mean."""
    cells = [cell for row in made.cells for cell in row]
    lines = []
    if any(cell.best for cell in cells):
        mark = MARK if text else "Bold"
        lines.append(f"{mark}: the best of the comparable ones (↑ higher is better, ↓ lower).")
    if any(cell.more for cell in cells):
        lines.append("±: half a 95% interval over sample seeds of one training; other trainings may differ by more.")
    lines.append("Step and images seen: of the measured checkpoint. Seconds: of training up to it.")
    return lines
