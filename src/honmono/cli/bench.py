"""`honmono bench`."""

from typing import Annotated

from typer import Argument, Option

from honmono.cli.options import AsJson, Device, complete_recipe
from honmono.cli.output import print_json, table


def bench(
    recipe: Annotated[str | None, Argument(help="one recipe; all by default", autocompletion=complete_recipe)] = None,
    data: Annotated[
        str | None, Option(help="data to train on; by default points are the recipe's own, and pictures are noise")
    ] = None,
    device: Device = "auto",
    precision: Annotated[str, Option(help="auto, fp32 or bf16")] = "auto",
    compile: Annotated[str, Option(help="what is compiled: auto, off, losses or step")] = "auto",
    json: AsJson = False,
) -> None:
    """Time a recipe's step against a plain eager loop of the same networks and updates."""
    from honmono.benchmark.timing import COLUMNS, measure_all

    rows = measure_all(recipe, data=data, device=device, precision=precision, compile=compile)
    if json:
        print_json(rows[0] if recipe else rows)
        return
    table(
        COLUMNS,
        [[f"{row[c]:.4g}" if isinstance(row[c], float) else str(row[c]) for c in COLUMNS] for row in rows],
    )
    print("\nratio: the plain loop's time divided by ours; above 1 honmono is faster")
