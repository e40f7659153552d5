"""The verbs that only show: `list`, `show`, `env`."""

import sys
from typing import Annotated

from typer import Argument, Option

from honmono.cli.output import print_json, table
from honmono.cli.train import parse_changes


SHOWN = ("name", "source", "quirks", "fields", "parameters")  # what `show --json` promises
AsJson = Annotated[bool, Option("--json", help="print one JSON document and nothing else")]


def list_recipes(json: AsJson = False) -> None:
    """List the recipes that come with honmono."""
    from honmono.recipes import COLUMNS, catalogue

    rows = catalogue()
    print_json(rows) if json else table(COLUMNS, [[row[column] for column in COLUMNS] for row in rows])


def show(
    recipe: Annotated[str, Argument(help="a recipe's name, or path/to/mine.py:function")],
    json: AsJson = False,
    changes: Annotated[list[str] | None, Option("--set", help="show it with a field changed: FIELD=VALUE")] = None,
) -> None:
    """Show every field of a recipe, its quirks and its number of parameters."""
    from honmono.recipe.describe import describe_recipe

    description = describe_recipe(recipe, parse_changes(changes))
    if json:
        print_json({key: description[key] for key in SHOWN})
        return
    print(f"{description['name']}: {description['summary']}\nsource: {description['source']}")
    for quirk in description["quirks"]:
        print(f"quirk: {quirk}")
    counts, shape = description["parameters"], description["sample_shape"]
    shown = ", ".join(f"{player} {number:,}" for player, number in counts.items())
    print(f"parameters: {shown} (samples of shape {'x'.join(map(str, shape))})")
    table(("field", "value"), [[field, str(value)] for field, value in description["fields"].items()])


def env(json: AsJson = False) -> None:
    """Show versions, devices and what honmono would choose here."""
    from honmono.devices import choose, recorded
    from honmono.runs.environment import environment

    facts = environment(sys.argv) | {"chosen": recorded(choose())}
    print_json(facts) if json else table(("what", "value"), [[name, str(value)] for name, value in facts.items()])
