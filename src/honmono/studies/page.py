"""A study as a page: what the article says, its table with our numbers in it, pictures, and how all of it was made."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isfinite
from statistics import fmean

from honmono.reports.comparison import agreement, numbers, summary
from honmono.reports.comparison.agreement import Agreement
from honmono.reports.comparison.comparison import Comparison
from honmono.reports.comparison.numbers import UNKNOWN, Numbers, spread
from honmono.reports.comparison.page import body
from honmono.reports.comparison.pictures import real_samples
from honmono.reports.comparison.summary import Summary
from honmono.reports.comparison.table import best_of, headings
from honmono.reports.html import Cell, Table, render
from honmono.runs import evaluations
from honmono.runs.evaluations import is_detail
from honmono.studies.frames import Frames
from honmono.studies.plan import Planned
from honmono.studies.state import Book
from honmono.studies.study import Case, Study, Trace


APART = "†"
NOT_ALIKE = "Measured in another way than the others, and not to be compared with them: the notes below say how."


def page(study: Study, planned: Sequence[Planned], book: Book) -> str:
    """The page of a study whose trainings are done."""
    read = summary.read([one.run.path for one in planned])
    runs = [replace(run, name=one.name) for run, one in zip(read, planned, strict=True)]
    measured = [_measured(run) for run in runs]
    comparison = Comparison(runs, measured, agreement.agreements(measured))
    films = [Frames(run, _images(run, one), study.epoch) for run, one in zip(runs, planned, strict=True)]
    return render(
        "studies/page.html",
        title=f"Study: {study.name}",
        summary=f"{study.asks[0].upper()}{study.asks[1:]}",
        study=study,
        shortened=_shortened(planned),
        cases=_cases(study, planned, comparison, book),
        case_notes=list(_legend(planned, book)),
        traces=[(trace.title, _trace(trace, study, planned, films)) for trace in study.traces],
        reals=list(real_samples(runs)),
        films=[
            (one.name, _settings(one.case), film.shown(study.frames)) for one, film in zip(planned, films, strict=True)
        ],
        command=_command(study, book),
        **body(comparison, samples=False),
    )


def _measured(run: Summary) -> Numbers:
    """Its numbers; none where nothing could be measured."""
    if evaluations.read(run.run):
        return numbers.measured([run.run], "newest")[0]
    return Numbers(max(run.run.checkpoint_steps(), default=0), None, True, None, {})


def _images(run: Summary, one: Planned) -> float:
    """Those that a training is to see in all: more than it has seen, where it diverged."""
    seen = run.cost(one.recipe.training.steps)
    last = (run.log.get("step") or [None])[-1]
    return seen.images * one.recipe.training.steps / last if seen.images and last else 1.0


def _shortened(planned: Sequence[Planned]) -> str:
    """The share of the study's steps that was trained; "" where it is all of them."""
    kept = [one.recipe.training.steps / one.whole for one in planned]
    if all(share == 1 for share in kept):
        return ""
    return f"{min(kept):.3g}" if max(kept) - min(kept) < 1e-3 else f"{min(kept):.3g} to {max(kept):.3g}"


def _settings(case: Case) -> str:
    return "; ".join(f"{name}: {text}" for name, text in case.settings.items() if text)


def _cases(study: Study, planned: Sequence[Planned], comparison: Comparison, book: Book) -> Table:
    """The article's table, with what we saw beside what it saw."""
    found = {key: one for key, one in comparison.agreements.items() if not is_detail(key)}
    best = {key: _best(study, planned, comparison.measured, one) for key, one in found.items()}
    rows = []
    for case in study.cases:
        places = [place for place, one in enumerate(planned) if one.case == case]
        own = [comparison.measured[place] for place in places]
        cells = [_number(key, one, places, own, case.label in best[key]) for key, one in found.items()]
        costs = [comparison.runs[place].cost(planned[place].recipe.training.steps) for place in places]
        seconds = [cost.seconds for cost in costs if cost.seconds is not None]
        images = [cost.images for cost in costs if cost.images is not None]
        cost = [f"{fmean(images):,.0f}" if images else UNKNOWN, f"{fmean(seconds):,.0f}" if seconds else UNKNOWN]
        article = [*case.settings.values(), case.published or UNKNOWN]
        rows.append([case.label, *article, _seeds([planned[place] for place in places], book), *cells, *cost])
    settings = [*study.cases[0].settings, "the article saw"]
    header = ["case", *settings, "seeds", *headings(found, found), "images seen", "seconds"]
    notes = [(APART, NOT_ALIKE)] if any(one.incomparable for one in found.values()) else []
    return Table(header, rows, range(len(settings) + 2, len(header)), notes)


def _number(key: str, one: Agreement, places: Sequence[int], own: Sequence[Numbers], best: bool) -> Cell:
    values = [measured.numbers[key].value for measured in own if key in measured.numbers]
    if not values:
        return Cell(UNKNOWN)
    if not all(map(isfinite, values)):
        return Cell("not finite")
    mean, deviation = spread(values)
    return Cell(mean, deviation, best, APART if any(place in one.incomparable for place in places) else "")


def _best(study: Study, planned: Sequence[Planned], measured: Sequence[Numbers], one: Agreement) -> set[str]:
    """The cases with the best mean among those whose numbers can be compared, if these are two or more."""
    means: dict[str, float] = {}
    for case in study.cases:
        places = [place for place, each in enumerate(planned) if each.case == case]
        values = [measured[place].numbers[one.key].value for place in places if place in one.comparable]
        if len(values) == len(places) and all(map(isfinite, values)):
            means[case.label] = fmean(values)
    return best_of(means, one) if len(means) > 1 else set()


def _seeds(own: Sequence[Planned], book: Book) -> str:
    diverged = [str(one.seed) for one in own if book.why_diverged(one.run)]
    seeds = ", ".join(str(one.seed) for one in own)
    return f"{seeds} ({', '.join(diverged)} diverged)" if diverged else seeds


def _legend(planned: Sequence[Planned], book: Book) -> Iterator[str]:
    yield "Numbers are means over seeds, ± their standard deviation; bold: the best of those that can be compared."
    yield "Seconds are those of one training, measuring left out; its hardware stands at the end of this page."
    for one in planned:
        if why := book.why_diverged(one.run):
            yield f"{one.name} diverged: {why}"


def _trace(trace: Trace, study: Study, planned: Sequence[Planned], films: Sequence[Frames]) -> Table:
    """What the article gives by epochs beside what each training had at the same share of its own."""
    assert study.epoch is not None
    shown = [
        (one, film)
        for one, film in zip(planned, films, strict=True)
        if not trace.cases or one.case.label in trace.cases
    ]
    wholes = [film.images * one.whole / one.recipe.training.steps for one, film in shown]
    rows = []
    for epoch, published in trace.published.items():
        seen = (epoch + 1) * study.epoch
        ours = [film.numbers(trace, seen / whole) for (_, film), whole in zip(shown, wholes, strict=True)]
        rows.append([str(epoch), *(_pair(pair, trace) for pair in (published, *ours))])
    header = ["epoch", "the article", *(one.name for one, _ in shown)]
    return Table(header, rows, range(1, len(header)))


def _pair(pair: tuple[float, float] | None, trace: Trace) -> str:
    if pair is None:
        return UNKNOWN
    if trace.of == "losses":
        return f"{pair[0]:.4f}, {pair[1]:.4f}"
    return " to ".join(f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}" for value in pair)


def _command(study: Study, book: Book) -> str:
    asked = book.asked
    words = ["honmono", "study", study.name, "--out", "DIR"]
    words += ["--scale", f"{asked.scale:g}"] if asked.scale != 1 else []
    words += ["--data", asked.data] if asked.data else []
    words += ["--seeds", str(asked.seeds)] if asked.seeds else []
    words += [word for name, text in asked.changes.items() for word in ("--set", f"{name}={text}")]
    return shlex.join(words)
