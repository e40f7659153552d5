"""`honmono compare`."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from honmono.cli.options import AsJson
from honmono.cli.output import print_json, table


def compare(
    runs: Annotated[list[Path], Argument(help="run directories")],
    out: Annotated[
        Path | None, Option(help="FILE.html for a page with curves and samples, FILE.csv for a table")
    ] = None,
    json: AsJson = False,
    mixed: Annotated[
        bool, Option("--mixed", help="mark numbers that are not comparable instead of refusing them")
    ] = False,
    checkpoint: Annotated[str, Option(help="newest (evaluated) or best (during training)")] = "newest",
) -> None:
    """Compare runs: their numbers, protocols and costs."""
    from honmono.reports.comparison.compare_runs import compare as compare_runs
    from honmono.reports.comparison.table import text_rows

    which: Any = checkpoint
    made = compare_runs(runs, mixed=mixed, checkpoint=which, out=out)
    if json:
        print_json(made.to_json())
        return
    rows = made.table
    table(rows.header, text_rows(rows))
    print("", *made.lines, sep="\n")
    if out is not None:
        print(out)
