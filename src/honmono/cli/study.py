"""`honmono study`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from honmono.cli.options import Device, parse_changes
from honmono.cli.output import table


def complete_study(incomplete: str) -> Iterator[tuple[str, str]]:
    """The names of studies for a shell to complete, each with its question."""
    from honmono.studies.study import list_studies

    yield from ((row["name"], row["asks"]) for row in list_studies() if row["name"].startswith(incomplete))


def study(
    name: Annotated[
        str | None, Argument(help="a study's name; without one, lists all studies", autocompletion=complete_study)
    ] = None,
    out: Annotated[Path | None, Option(help="its directory, new or to resume; runs/study-NAME by default")] = None,
    scale: Annotated[float | None, Option(help="share of its steps to train: 0.01 for a quick try")] = None,
    data: Annotated[
        str | None, Option(help="source of the pictures, as for train; each recipe's own by default")
    ] = None,
    seeds: Annotated[int | None, Option(help="number of seeds of each case; the study's own by default")] = None,
    device: Device = "auto",
    changes: Annotated[
        list[str] | None, Option("--set", help="change one field of every case: FIELD=VALUE (repeatable)")
    ] = None,
) -> None:
    """Train all cases of an article's experiment and write one HTML page; call it again to resume."""
    if name is None:
        _list()
        return
    from honmono.studies.run import study as run_study

    print(run_study(name, out, scale=scale, data=data, seeds=seeds, device=device, changes=parse_changes(changes)))


def _list() -> None:
    from honmono.studies.study import list_studies

    columns = ("name", "runs", "article", "asks")
    table(columns, [[row[column] for column in columns] for row in list_studies()])
