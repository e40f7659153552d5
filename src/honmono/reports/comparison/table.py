"""The table of a comparison: a run in a row, its numbers beside what they cost. Made once, for text and for HTML."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from honmono.reports.comparison.agreement import Agreement
from honmono.reports.comparison.numbers import UNKNOWN, Number, Numbers, named
from honmono.reports.comparison.summary import Summary
from honmono.reports.figures.style import STROKES
from honmono.reports.html import Cell, Table
from honmono.runs.evaluations import is_detail
from honmono.runs.protocol_text import contrasted
from honmono.runs.protocols import arrow


DIGITS = 4  # significant, of a number without an interval
BEFORE = ("run", "recipe", "step", "images seen")
# Weights and batch norm are columns and no reason to refuse: which of them to sample with is a choice that belongs to a
# GAN, as its losses do, and to compare GANs is to compare such choices. A protocol is what the numbers are made with.
AFTER = ("weights", "batch norm", "measured", "seconds", "images/s", "device", "precision", "hardware")
MARK = "*"  # of the best, in text

Key = TypeVar("Key")


def table(
    runs: Sequence[Summary],
    measured: Sequence[Numbers],
    found: Mapping[str, Agreement],
) -> Table:
    """All runs with all numbers; parts of a number (its classes) have tables of their own."""
    keys = [key for key in found if not is_detail(key)]
    notes = _footnotes(runs, found, keys)
    best = {key: best_places(found[key], measured) for key in keys}
    rows = []
    for place, (run, one) in enumerate(zip(runs, measured, strict=True)):
        cells: list[Cell | str] = [_name(run, place), run.recipe, _step(run, one), _whole(images(run, one))]
        cells += [
            number_cell(one.numbers.get(key), place in best[key], _sign(notes, found, key, place)) for key in keys
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
    """For each number that has parts, the parts beside each other: label fidelity by class."""
    parts: dict[str, list[str]] = {}
    for key in filter(is_detail, found):
        parts.setdefault(f"{key.partition('].')[0]}]", []).append(key)
    tables = {}
    for whole, keys in parts.items():
        notes = _footnotes(runs, found, keys[:1])
        rows = [
            [
                _name(run, place),
                *(number_cell(one.numbers.get(key), sign=_sign(notes, found, key, place)) for key in keys),
            ]
            for place, (run, one) in enumerate(zip(runs, measured, strict=True))
            if any(key in one.numbers for key in keys)
        ]
        names = [key.removeprefix(f"{whole}.") for key in keys]
        tables[whole] = Table(["run", *names], rows, range(1, len(names) + 1), list(notes.values()))
    return tables


def _name(run: Summary, place: int) -> Cell:
    """A run with the stroke of its curves; those that come late have none."""
    return Cell(run.name, stroke=STROKES[place] if place < len(STROKES) else None)


def _sign(notes: Mapping[int, tuple[str, str]], found: Mapping[str, Agreement], key: str, place: int) -> str:
    return notes[place][0] if place in found[key].incomparable and place in notes else ""


def _footnotes(
    runs: Sequence[Summary], found: Mapping[str, Agreement], keys: Collection[str]
) -> dict[int, tuple[str, str]]:
    """For the place of each run that has a number which is not comparable: a sign, and what differs."""
    places = sorted({place for key in keys for place in found[key].incomparable})
    return {place: (str(sign), _footnote(place, runs, found, keys)) for sign, place in enumerate(places, 1)}


def _footnote(place: int, runs: Sequence[Summary], found: Mapping[str, Agreement], keys: Collection[str]) -> str:
    """Keys that differ in the same way share a sentence."""
    sentences: dict[str, list[str]] = {}
    for key in keys:
        if differences := found[key].incomparable.get(place):
            others = named([runs[other].name for other in found[key].comparable])
            sentences.setdefault(f"cannot be compared with {others}: {contrasted(differences)}", []).append(key)
    parts = [f"{', '.join(same)} {sentence}" for sentence, same in sentences.items()]
    return f"{runs[place].name}: {'. '.join(parts)}."


def best_places(agreement: Agreement, measured: Sequence[Numbers]) -> set[int]:
    """The runs with the best value among those that are comparable, if these are two or more; all of equals."""
    values = {place: measured[place].numbers[agreement.key].value for place in agreement.comparable}
    finite = {place: value for place, value in values.items() if math.isfinite(value)}
    return best_of(finite, agreement) if len(values) > 1 else set()


def best_of(values: Mapping[Key, float], agreement: Agreement) -> set[Key]:
    """The keys of the best of these values of one number; all of equals."""
    if not values or agreement.better is None:
        return set()
    best = (max if agreement.better == "higher" else min)(values.values())
    return {key for key, value in values.items() if value == best}


def headings(found: Mapping[str, Agreement], keys: Iterable[str]) -> list[str]:
    """The numbers of these keys as columns, with arrows to where they are better."""
    return [f"{key} {arrow(found[key].better)}".rstrip() for key in keys]


def number_cell(number: Number | None, best: bool = False, sign: str = "") -> Cell:
    """A number with half its interval, to the digits that the interval leaves."""
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
    """The same cells for a terminal: the best with a mark, a footnote's sign in brackets."""
    return [[_text(cell) for cell in row] for row in made.cells]


def _text(cell: Cell) -> str:
    mark, more, sign = MARK * cell.best, f" {cell.more}" * bool(cell.more), f" [{cell.sign}]" * bool(cell.sign)
    return f"{printable(cell.text)}{mark}{more}{sign}"


def printable(text: str) -> str:
    """The text without what could steer a terminal: it may come from somebody else's run."""
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
    """The step of the checkpoint, with what is planned where that is more: the run stopped early or goes on."""
    return (
        f"{one.checkpoint:,} of {run.planned:,}"
        if run.planned and run.planned > one.checkpoint
        else f"{one.checkpoint:,}"
    )


def images(run: Summary, one: Numbers) -> float | None:
    """Seen up to the checkpoint measured: as the measurement says, else as the log does."""
    return one.images if one.images is not None else run.cost(one.checkpoint).images


def _whole(number: float | None) -> str:
    return UNKNOWN if number is None else f"{number:,.0f}"


def legend(made: Table, text: bool) -> list[str]:
    """What the marks of a table mean, those that are in it."""
    cells = [cell for row in made.cells for cell in row]
    lines = []
    if any(cell.best for cell in cells):
        mark = MARK if text else "Bold"
        lines.append(f"{mark}: the best of those that can be compared (↑ higher is better, ↓ lower).")
    if any(cell.more for cell in cells):
        lines.append("±: half a 95% interval over sample seeds, of one training; another training may differ by more.")
    lines.append("Step and images seen are those of the checkpoint measured; seconds are those of training up to it.")
    return lines
