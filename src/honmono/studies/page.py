"""The HTML page of a study: the article's claims, its table with our numbers, samples, and how to make it again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from honmono.reports.comparison import agreement, numbers, summary
from honmono.reports.comparison.agreement import Agreement
from honmono.reports.comparison.comparison import Comparison
from honmono.reports.comparison.numbers import UNKNOWN, Numbers
from honmono.reports.comparison.page import body
from honmono.reports.comparison.pictures import real_samples
from honmono.reports.comparison.summary import Summary
from honmono.reports.comparison.table import headings
from honmono.reports.figures.style import STROKES
from honmono.reports.html import Cell, Picture, Table, render
from honmono.runs import evaluations
from honmono.runs.evaluations import is_detail
from honmono.studies.frames import Frames
from honmono.studies.means import best_cases, mean_cell
from honmono.studies.moment_tables import by_case, cost_table, moment_curves, moment_table, winners
from honmono.studies.plan import Planned
from honmono.studies.results import command
from honmono.studies.sampler_steps import step_curves
from honmono.studies.state import StudyState
from honmono.studies.study import Case, Study, Trace


INCOMPARABLE_SIGN = "†"
INCOMPARABLE = "Measured under other conditions and not comparable with the others; the notes below list what differs."


def page(study: Study, planned: Sequence[Planned], state: StudyState, rows: Sequence[Mapping[str, Any]]) -> str:
    """The page of a study whose runs are trained. rows: their results."""
    read = summary.read([one.run.path for one in planned])
    runs = [replace(run, name=one.name) for run, one in zip(read, planned, strict=True)]
    measured = [_measured(run) for run in runs]
    comparison = Comparison(runs, measured, agreement.agreements(measured))
    frames = [Frames(run, _images(run, one), study.epoch) for run, one in zip(runs, planned, strict=True)]
    return render(
        "studies/page.html",
        title=f"Study: {study.name}",
        summary=f"{study.asks[0].upper()}{study.asks[1:]}",
        study=study,
        shortened=_shortened(planned),
        cases=_cases(study, planned, rows, comparison, state),
        case_notes=list(_legend(planned, state)),
        moments=_moments(planned, rows, comparison) if study.moments else None,
        traces=[(trace.title, _trace(trace, study, planned, frames)) for trace in study.traces],
        reals=list(real_samples(runs)),
        films=[
            (one.name, _settings(one.case), _pictures(study, one, run))
            for one, run in zip(planned, frames, strict=True)
        ],
        command=command(study, state),
        **body(comparison, samples=False),
    )


def _measured(run: Summary) -> Numbers:
    """A run's numbers; none where it was not measured."""
    if evaluations.read(run.run):
        return numbers.read([run.run], "newest")[0]
    return Numbers(max(run.run.checkpoint_steps(), default=0), None, True, None, {})


def _moments(planned: Sequence[Planned], rows: Sequence[Mapping[str, Any]], comparison: Comparison) -> dict[str, Any]:
    """The variables of the part about moments."""
    measured = by_case(planned, rows)
    found = {key: one for key, one in comparison.agreements.items() if not is_detail(key)}
    return {
        "winners": list(winners(measured, found)),
        "tables": [moment_table(key, measured, one) for key, one in found.items()],
        "cost": cost_table(measured, rows),
        "curves": [picture for key, one in found.items() for picture in moment_curves(key, measured, one)],
        "strokes": (strokes := list(zip(measured, STROKES, strict=False))),
        "steps": list(step_curves(planned, strokes)),
    }


def _images(run: Summary, one: Planned) -> float:
    """The images of a whole training: more than the run has seen, where it diverged; all of them, with moments."""
    seen = run.cost(one.recipe.training.steps)
    if one.moments is not None:
        return seen.images or 1.0
    last = (run.log.get("step") or [None])[-1]
    return seen.images * one.recipe.training.steps / last if seen.images and last else 1.0


def _pictures(study: Study, one: Planned, run: Frames) -> dict[str, list[Picture]]:
    """The samples of a run: at its beginning and its moments, or at the study's shares of its training."""
    if study.moments:
        return run.at_steps([0, *sorted(reading.step for reading in one.readings.values())])
    return run.pictures(study.frames)


def _shortened(planned: Sequence[Planned]) -> str:
    """The share of the study's steps that was trained; "" for all of them."""
    shares = [one.recipe.training.steps / one.full_steps for one in planned]
    if all(share == 1 for share in shares):
        return ""
    return f"{min(shares):.3g}" if max(shares) - min(shares) < 1e-3 else f"{min(shares):.3g} to {max(shares):.3g}"


def _settings(case: Case) -> str:
    return "; ".join(f"{name}: {text}" for name, text in case.settings.items() if text)


def _cases(
    study: Study,
    planned: Sequence[Planned],
    results: Sequence[Mapping[str, Any]],
    comparison: Comparison,
    state: StudyState,
) -> Table:
    """A row for each case: its settings, the article's result and our numbers."""
    found = {key: one for key, one in comparison.agreements.items() if not is_detail(key)}
    indices_of = {case.label: [i for i, one in enumerate(planned) if one.case == case] for case in study.cases}
    cells = {key: _cells(key, one, indices_of, comparison.measured) for key, one in found.items()}
    rows = []
    for case in study.cases:
        indices = indices_of[case.label]
        trained = [results[index] for index in indices if results[index]["steps"]]
        cost = [f"{fmean(row[name] for row in trained):,.0f}" if trained else UNKNOWN for name in ("images", "seconds")]
        article = [*case.settings.values(), case.published or UNKNOWN]
        seeds = _seeds([planned[index] for index in indices], state)
        rows.append([case.label, *article, seeds, *(own[case.label] for own in cells.values()), *cost])
    settings = [*study.cases[0].settings, "the article's result"]
    header = ["case", *settings, "seeds", *headings(found, found), "images seen", "seconds"]
    notes = [(INCOMPARABLE_SIGN, INCOMPARABLE)] if any(one.incomparable for one in found.values()) else []
    return Table(header, rows, range(len(settings) + 2, len(header)), notes)


def _cells(
    key: str, one: Agreement, indices_of: Mapping[str, Sequence[int]], measured: Sequence[Numbers]
) -> dict[str, Cell]:
    """The mean of a number in each case; the best of those whose runs are all comparable."""
    values = {
        label: [measured[index].numbers[key].value for index in indices if key in measured[index].numbers]
        for label, indices in indices_of.items()
    }
    best = best_cases({label: values[label] for label, own in indices_of.items() if {*own} <= {*one.comparable}}, one)
    signs = {label: INCOMPARABLE_SIGN if {*own} & {*one.incomparable} else "" for label, own in indices_of.items()}
    return {label: mean_cell(own, label in best, signs[label]) for label, own in values.items()}


def _seeds(own: Sequence[Planned], state: StudyState) -> str:
    diverged = [str(one.seed) for one in own if state.why_diverged(one.run)]
    seeds = ", ".join(str(one.seed) for one in own)
    return f"{seeds} ({', '.join(diverged)} diverged)" if diverged else seeds


def _legend(planned: Sequence[Planned], state: StudyState) -> Iterator[str]:
    yield "Numbers are means over seeds ± their standard deviation. Bold: the best of the comparable ones."
    yield "Seconds are those of one training without measuring; the hardware is at the end of this page."
    for one in planned:
        if why := state.why_diverged(one.run):
            yield f"{one.name} diverged: {why}"


def _trace(trace: Trace, study: Study, planned: Sequence[Planned], frames: Sequence[Frames]) -> Table:
    """The article's numbers by epoch, and each run's at the same share of its training."""
    assert study.epoch is not None
    chosen = [
        (one, run) for one, run in zip(planned, frames, strict=True) if not trace.cases or one.case.label in trace.cases
    ]
    full_images = [run.images * one.full_steps / one.recipe.training.steps for one, run in chosen]
    rows = []
    for epoch, published in trace.published.items():
        seen = (epoch + 1) * study.epoch
        ours = [run.numbers(trace, seen / full) for (_, run), full in zip(chosen, full_images, strict=True)]
        rows.append([str(epoch), *(_pair(pair, trace) for pair in (published, *ours))])
    header = ["epoch", "the article", *(one.name for one, _ in chosen)]
    return Table(header, rows, range(1, len(header)))


def _pair(pair: tuple[float, float] | None, trace: Trace) -> str:
    if pair is None:
        return UNKNOWN
    if trace.of == "losses":
        return f"{pair[0]:.4f}, {pair[1]:.4f}"
    return " to ".join(f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}" for value in pair)
