"""`honmono study`: trains an article's cases one after the other and leaves a page; goes on where it was stopped."""

import os
import shlex
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from honmono.data.choose import absolute
from honmono.errors import Diverged, Interrupted, Refused
from honmono.reports.html import write_page
from honmono.studies.page import page
from honmono.studies.plan import Planned, open_data, plan
from honmono.studies.state import Book
from honmono.studies.study import Study, find_study
from honmono.training.train import train


def study(
    study: str | Study,
    out: str | Path | None = None,
    *,
    scale: float | None = None,
    data: str | None = None,
    seeds: int | None = None,
    device: str = "auto",
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Trains all cases of a study that are not trained yet, and writes `<name>.html` into its directory; returns that.

    study: the name of one that comes with honmono, or a `honmono.studies.Study` of your own.
    out: the directory; otherwise runs/study-NAME, with the scale behind it. A study that was begun there goes on, with
    the arguments it began with.
    scale: the share of its steps to train. data: for studies of pictures, as for `train`; otherwise each recipe's own.
    seeds: how many for each case; otherwise its own. changes: dotted fields of every case and their new values.

    Raises `Refused` for a wrong call before anything is created, and `Interrupted` after SIGINT or SIGTERM, when the
    run in training has been saved. A training that diverges is a result, and the others go on.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise Refused("a study is one process's work: call honmono study without torchrun")
    chosen = find_study(study) if isinstance(study, str) else study
    out = default_out(chosen.name, scale) if out is None else Path(out)
    texts = {field: str(value) for field, value in changes.items()} if changes else None
    source = None if data is None else absolute(data)
    book = Book.open(out, chosen.name, {"scale": scale, "data": source, "seeds": seeds, "changes": texts})
    planned = plan(chosen, book.asked, out)
    try:
        open_data([one for one in planned if not one.finished])
        book.write()
        for number, one in enumerate(planned, 1):
            book = _train(one, f"{number} of {len(planned)}", book, device)
        return write_page(out / f"{chosen.name}.html", page(chosen, planned, book))
    except (Interrupted, KeyboardInterrupt) as stopped:
        number = stopped.code - 128 if isinstance(stopped, Interrupted) else signal.SIGINT
        words = ["honmono", "study", chosen.name, "--out", str(out)]
        told = f"stopped; what was trained is saved; go on with: {shlex.join(words)}"
        raise Interrupted(number, told) from stopped


def default_out(name: str, scale: float | None) -> Path:
    """Where a study goes when nobody says so; a small one does not stand in the way of the whole one."""
    return Path("runs") / (f"study-{name}" if scale in (None, 1) else f"study-{name}-{scale:g}")


def _train(one: Planned, place: str, book: Book, device: str) -> Book:
    """Trains one case, or goes on with it; the book, with a note where it diverged."""
    if why := book.why_diverged(one.run):
        _say(f"{place}: {one.name}: not gone on with; delete '{one.run.path}' to try again: {why}")
        return book
    if one.finished:
        _say(f"{place}: {one.name}: there already")
        return book
    steps = one.recipe.training.steps
    _say(f"{place}: {one.name}: {one.case.recipe}, {steps:,} steps")
    try:
        train(
            one.case.recipe,
            data=book.asked.data,
            seed=one.seed,
            changes=one.changes,
            device=device,
            run=one.run.path,
        )
    except Diverged as diverged:
        _say(f"{one.name}: {diverged}")
        return book.with_diverged(one.run, str(diverged))
    return book


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
