"""The numbers of a study at its moments: a table and curves for each number, and what each moment cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from honmono.reports.comparison.agreement import Agreement
from honmono.reports.comparison.numbers import UNKNOWN, mean_and_deviation
from honmono.reports.comparison.table import best_of, headings
from honmono.reports.figures.overlaid import Curve, overlaid
from honmono.reports.figures.style import STROKES, Stroke
from honmono.reports.html import Cell, Picture, Table
from honmono.runs import evaluations
from honmono.runs.evaluations import is_detail
from honmono.studies.measure import sampling_time
from honmono.studies.meter import Reading
from honmono.studies.plan import Planned


@dataclass(frozen=True)
class Measurement:
    """A run at one of its moments: its clock, and its numbers by key."""

    reading: Reading
    numbers: Mapping[str, float]


ByCase = Mapping[str, Sequence[Mapping[str, Measurement]]]  # by label, for each run: its measurements by moment


def measurements(planned: Sequence[Planned]) -> ByCase:
    """The measurements of every run at its moments, by case; moments that are not measured are absent."""
    found: dict[str, list[Mapping[str, Measurement]]] = {}
    for one in planned:
        numbers = {line["checkpoint"]: line["metrics"] for line in evaluations.read(one.run)}
        own = {
            name: Measurement(
                reading, {key: value for key, value in numbers[reading.step].items() if value is not None}
            )
            for name, reading in one.readings.items()
            if reading.step in numbers
        }
        found.setdefault(one.case.label, []).append(own)
    return found


def moment_tables(planned: Sequence[Planned], found: Mapping[str, Agreement]) -> Iterator[Table]:
    """For each number a table with a row for each case and a column for each moment: means over seeds."""
    measured = measurements(planned)
    names = _moments(planned)
    for key, agreement in found.items():
        if is_detail(key):
            continue
        values = {label: _by_moment(runs, key) for label, runs in measured.items()}
        best = {name: _best(values, name, agreement) for name in names}
        rows = [
            [label, *(_cell(own.get(name), label in best[name]) for name in names)] for label, own in values.items()
        ]
        yield Table([*headings(found, [key]), *names], rows, range(1, len(names) + 1))


def cost_table(planned: Sequence[Planned]) -> Table:
    """For each case the images seen and the CPU seconds at each moment, and the CPU seconds of sampling: means."""
    names = _moments(planned)
    rows = []
    for label, runs in measurements(planned).items():
        clocks = {name: [run[name].reading for run in runs if name in run] for name in names}
        times = [time for one in planned if one.case.label == label and (time := sampling_time(one.run))]
        sampling = fmean(1_000 * time["cpu_seconds"] / time["samples"] for time in times) if times else None
        cells = [_clock(own) for own in clocks.values()]
        rows.append([label, *cells, UNKNOWN if sampling is None else f"{sampling:.3g}"])
    return Table(["case", *names, "CPU seconds for 1,000 samples"], rows, range(1, len(names) + 2))


def moment_curves(planned: Sequence[Planned], found: Mapping[str, Agreement]) -> Iterator[Picture]:
    """Each number against images seen and against CPU seconds, with a curve for each case: means over seeds."""
    measured = measurements(planned)
    for key, agreement in found.items():
        for over, clock in (("images seen", "images"), ("CPU seconds", "cpu_seconds")):
            curves = [
                _curve(stroke, runs, key, clock) for stroke, runs in zip(STROKES, measured.values(), strict=False)
            ]
            drawn = None if is_detail(key) else overlaid(curves, logarithmic=agreement.better == "lower", over=over)
            if drawn:
                caption = f"{headings(found, [key])[0]} against {over}"
                yield Picture(drawn, "svg+xml", caption, alt=f"{key} against {over}")


def _moments(planned: Sequence[Planned]) -> list[str]:
    """The moments that a run has passed, in the order of the study, and the end."""
    return list(dict.fromkeys(name for one in planned for name in one.readings))


def _by_moment(runs: Sequence[Mapping[str, Measurement]], key: str) -> dict[str, list[float]]:
    """The values of a number in all runs of a case, by moment; only moments at which every run has it."""
    names = dict.fromkeys(name for run in runs for name in run)
    values = {
        name: [run[name].numbers[key] for run in runs if name in run and key in run[name].numbers] for name in names
    }
    return {name: own for name, own in values.items() if len(own) == len(runs)}


def _best(values: Mapping[str, Mapping[str, Sequence[float]]], name: str, agreement: Agreement) -> set[str]:
    means = {label: fmean(own[name]) for label, own in values.items() if name in own}
    return best_of(means, agreement) if len(means) > 1 and not agreement.incomparable else set()


def _cell(values: Sequence[float] | None, best: bool) -> Cell:
    return Cell(UNKNOWN) if values is None else Cell(*mean_and_deviation(values), best)


def _clock(readings: Sequence[Reading]) -> str:
    if not readings:
        return UNKNOWN
    images, seconds = (fmean(getattr(one, name) for one in readings) for name in ("images", "cpu_seconds"))
    return f"{images:,.0f} images, {seconds:,.0f} s"


def _curve(stroke: Stroke, runs: Sequence[Mapping[str, Measurement]], key: str, clock: str) -> Curve:
    points = sorted(
        (fmean(getattr(run[name].reading, clock) for run in runs), fmean(values))
        for name, values in _by_moment(runs, key).items()
    )
    return Curve(stroke, [at for at, _ in points], [value for _, value in points])
