"""The tab Compare: several runs beside each other, on the same seed; their numbers, where these are comparable."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response

from honmono.errors import Refused
from honmono.reports.comparison.compare_runs import compare
from honmono.reports.comparison.comparison import Comparison
from honmono.reports.comparison.table import legend
from honmono.reports.html import Table
from honmono.studio.folders import Folders
from honmono.studio.parts import Studio
from honmono.studio.run_state import cards
from honmono.studio.tabs.runs import newest_picture


MOST_RUNS = 8


@dataclass(frozen=True)
class Numbers:
    """table: of the measured runs; None where there are none. refused: why numbers are not comparable; "" if they are.

    lines: what the marks mean, and how it was measured. unmeasured: the runs without numbers.
    """

    table: Table | None
    refused: str
    lines: Sequence[str]
    unmeasured: Sequence[str]


def router(studio: Studio) -> APIRouter:
    """The addresses of the tab."""
    tab = APIRouter(prefix="/compare")
    folders = studio.folders

    @tab.get("")
    def page(run: Annotated[list[str] | None, Query()] = None) -> Response:
        names = list(dict.fromkeys(run or ()))
        if len(names) > MOST_RUNS:
            raise Refused(f"{len(names)} runs: choose at most {MOST_RUNS}")
        found = cards(folders, studio.trainings)
        chosen = [card for name in names for card in found if card.name == folders.run(name).path.name]
        pictures = {card.name: newest_picture(folders.run(card.name)) for card in chosen}
        numbers = numbers_of(folders, names) if names else None
        return studio.page(
            "compare.html", tab="compare", cards=found, chosen=chosen, pictures=pictures, numbers=numbers
        )

    return tab


def numbers_of(folders: Folders, names: Sequence[str]) -> Numbers:
    """The numbers of the runs as `honmono compare --mixed` has them, and what it says without --mixed."""
    paths = [folders.run(name).path for name in names]
    measured = [path for path in paths if folders.run(path.name).metrics_jsonl.is_file()]
    unmeasured = [path.name for path in paths if path not in measured]
    if not measured:
        return Numbers(None, "", [], unmeasured)
    made = compare(measured, mixed=True)
    lines = [*legend(made.table, text=False), *made.how_measured]
    return Numbers(_short(made), _why_not(measured), lines, unmeasured)


def _why_not(paths: Sequence[Path]) -> str:
    """Why `honmono compare` refuses these runs; "" where it does not."""
    try:
        compare(paths)
    except Refused as refused:
        return str(refused).partition("; evaluate one again")[0]
    return ""


def _short(made: Comparison) -> Table:
    """The table without the columns of hardware, which `honmono compare` has."""
    table = made.table
    left_out = {"device", "precision", "hardware", "images/s"}
    kept = [place for place, name in enumerate(table.header) if name not in left_out]
    rows = [[row[place] for place in kept] for row in table.rows]
    right = [place for place, old in enumerate(kept) if old in table.numbers]
    return Table([table.header[place] for place in kept], rows, right, table.notes)
