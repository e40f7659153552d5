"""`honmono study`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from honmono.cli.options import Device, parse_changes
from honmono.cli.output import table


def study(
    name: Annotated[str | None, Argument(help="which; without a name all are listed")] = None,
    out: Annotated[Path | None, Option(help="its directory, new or begun before; otherwise runs/study-NAME")] = None,
    scale: Annotated[float | None, Option(help="train so small a share of its steps: 0.01 for a look")] = None,
    data: Annotated[
        str | None, Option(help="pictures for a study of pictures, as for train; otherwise each recipe's own")
    ] = None,
    seeds: Annotated[int | None, Option(help="so many for each case; otherwise the study's own")] = None,
    device: Device = "auto",
    changes: Annotated[
        list[str] | None, Option("--set", help="change one field of every case: FIELD=VALUE (again for more)")
    ] = None,
) -> None:
    """Train an article's experiment, case by case, into one HTML page; again to go on where it was stopped."""
    if name is None:
        _list()
        return
    from honmono.studies.run import study as run_study

    print(run_study(name, out, scale=scale, data=data, seeds=seeds, device=device, changes=parse_changes(changes)))


def _list() -> None:
    from honmono.studies.study import list_studies

    columns = ("name", "runs", "article", "asks")
    table(columns, [[row[column] for column in columns] for row in list_studies()])
