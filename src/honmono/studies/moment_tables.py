"""The numbers of a study at its moments: a table and curves for each number, and what each moment cost."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from honmono.reports.comparison.agreement import Agreement
from honmono.reports.comparison.numbers import UNKNOWN
from honmono.reports.comparison.table import headings
from honmono.reports.figures.overlaid import Curve, overlaid
from honmono.reports.figures.style import STROKES
from honmono.reports.html import Picture, Table
from honmono.studies.means import best_cases, mean_cell
from honmono.studies.plan import Planned


Point = Mapping[str, Any]  # a measurement, as in the `course` of a run's results
ByCase = Mapping[str, Sequence[Mapping[str, Point]]]  # by label, for each run: its measurements by moment


def by_case(planned: Sequence[Planned], rows: Sequence[Mapping[str, Any]]) -> ByCase:
    """The measurements of every run at its moments; moments that are not measured are absent.

    rows: the results of the runs.
    """
    found: dict[str, list[Mapping[str, Point]]] = {}
    for one, row in zip(planned, rows, strict=True):
        points = {point["step"]: point for point in row["course"]}
        own = {name: points[reading.step] for name, reading in one.readings.items() if reading.step in points}
        found.setdefault(one.case.label, []).append(own)
    return found


def moment_table(key: str, measured: ByCase, found: Agreement) -> Table:
    """A row for each case and a column for each moment: means of a number over seeds."""
    names, best = _moments(measured), _best(key, measured, found)
    values = {label: _values(runs, key) for label, runs in measured.items()}
    rows = [
        [label, *(mean_cell(own.get(name, ()), label in best[name]) for name in names)] for label, own in values.items()
    ]
    return Table([*headings({key: found}, [key]), *names], rows, range(1, len(names) + 1))


def winners(measured: ByCase, agreements: Mapping[str, Agreement]) -> Iterator[str]:
    """For each moment a sentence: which case is best, and by which numbers."""
    best = {key: _best(key, measured, found) for key, found in agreements.items()}
    for moment in _moments(measured):
        by = {label: [key for key, own in best.items() if label in own[moment]] for label in measured}
        ranked = sorted(by, key=lambda label: -len(by[label]))
        if won := [f"{label} by {', '.join(by[label])}" for label in ranked if by[label]]:
            yield f"At {moment} the best is {'; '.join(won)}."


def cost_table(measured: ByCase, rows: Sequence[Mapping[str, Any]]) -> Table:
    """For each case the images seen and the CPU seconds at each moment, and the CPU seconds of sampling: means."""
    names = _moments(measured)
    sampling = {
        label: [
            1_000 * time["cpu_seconds"] / time["samples"]
            for row in rows
            if row["case"] == label and (time := row["sampling"])
        ]
        for label in measured
    }
    cells = [
        [label, *(_clock([run[name] for run in runs if name in run]) for name in names), mean_cell(sampling[label])]
        for label, runs in measured.items()
    ]
    return Table(["case", *names, "CPU seconds for 1,000 samples"], cells, range(1, len(names) + 2))


def moment_curves(key: str, measured: ByCase, found: Agreement) -> Iterator[Picture]:
    """A number against images seen and against CPU seconds, with a curve for each case: means over seeds."""
    for over, clock in (("images seen", "images"), ("CPU seconds", "cpu_seconds")):
        curves = []
        for stroke, runs in zip(STROKES, measured.values(), strict=False):
            values = _values(runs, key)
            points = sorted((fmean(run[name][clock] for run in runs), fmean(own)) for name, own in values.items())
            curves.append(Curve(stroke, [at for at, _ in points], [value for _, value in points]))
        if drawn := overlaid(curves, logarithmic=found.better == "lower", over=over):
            caption = f"{headings({key: found}, [key])[0]} against {over}"
            yield Picture(drawn, "svg+xml", caption, alt=f"{key} against {over}")


def _best(key: str, measured: ByCase, found: Agreement) -> dict[str, set[str]]:
    """The best cases at each moment; none where runs are not comparable."""
    values = {} if found.incomparable else {label: _values(runs, key) for label, runs in measured.items()}
    return {
        moment: best_cases({label: own[moment] for label, own in values.items() if moment in own}, found)
        for moment in _moments(measured)
    }


def _moments(measured: ByCase) -> list[str]:
    """The moments at which a run was measured, in the order of the study, and the end."""
    return list(dict.fromkeys(name for runs in measured.values() for run in runs for name in run))


def _values(runs: Sequence[Mapping[str, Point]], key: str) -> dict[str, list[float]]:
    """The values of a number in all runs of a case, by moment; only moments at which every run has it."""
    found = {name: [run[name]["metrics"].get(key) for run in runs if name in run] for run in runs for name in run}
    return {name: own for name, own in found.items() if len(own) == len(runs) and None not in own}


def _clock(points: Sequence[Point]) -> str:
    if not points:
        return UNKNOWN
    images, seconds = (fmean(point[name] for point in points) for name in ("images", "cpu_seconds"))
    return f"{images:,.0f} images, {seconds:,.1f} s"
