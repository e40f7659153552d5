"""`honmono tune`."""

from typing import Annotated

from typer import Argument, Option

from honmono.cli.options import AsJson, Device, Reading, parse_changes, read_size
from honmono.cli.output import print_json, table


COLUMNS = ("precision", "layout", "compile", "threads", "ms_per_step", "ratio", "note")


def tune(
    recipe: Annotated[str, Argument(help="a recipe's name, or path/to/mine.py:function")],
    data: Annotated[str | None, Option(help="data to train on; the recipe's own by default")] = None,
    size: Annotated[str | None, Option(help="side of the pictures in pixels, or HEIGHTxWIDTH")] = None,
    classes: Reading = None,
    batch_size: Annotated[int | None, Option(help="number of real samples in a batch")] = None,
    changes: Annotated[list[str] | None, Option("--set", help="change one field: FIELD=VALUE (repeatable)")] = None,
    device: Device = "auto",
    minutes: Annotated[float, Option(help="no further way is tried after this time")] = 4.0,
    json: AsJson = False,
) -> None:
    """Find the fastest way to train a recipe on this machine, which `honmono train` then takes."""
    from honmono.benchmark.tune import tune as tune_recipe
    from honmono.training.choices import describe, tuning_file

    tuned = tune_recipe(
        recipe,
        minutes=minutes,
        data=data,
        size=read_size(size),
        classes=classes,
        batch_size=batch_size,
        changes=parse_changes(changes),
        device=device,
    )
    tried = tuned.tried
    rows = [{**{name: getattr(one.choices, name) for name in COLUMNS[:4]}, "ms_per_step": one.ms} for one in tried]
    rows = [{**row, "ratio": one.ratio, "note": one.note} for row, one in zip(rows, tried, strict=True)]
    if json:
        print_json({"recipe": recipe, "tried": rows, "best": tried.index(tuned.best), "file": str(tuning_file())})
        return
    table(COLUMNS, [["" if row[name] is None else str(row[name]) for name in COLUMNS] for row in rows])
    print(f"\nhonmono train takes: {describe(tuned.best.choices)} (kept in {tuning_file()}; train --no-tune: without)")
