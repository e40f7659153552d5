"""`honmono show`."""

from typing import Annotated

from typer import Argument, Option

from honmono.cli.options import AsJson, complete_recipe, parse_changes
from honmono.cli.output import print_json, table


JSON_KEYS = ("name", "source", "quirks", "fields", "parameters")  # of `show --json`


def show(
    recipe: Annotated[
        str, Argument(help="a recipe's name, or path/to/mine.py:function", autocompletion=complete_recipe)
    ],
    json: AsJson = False,
    changes: Annotated[
        list[str] | None, Option("--set", help="change one field first: FIELD=VALUE (repeatable)")
    ] = None,
) -> None:
    """Show every field of a recipe, its quirks and its number of parameters."""
    from honmono.recipe.describe import describe_recipe

    description = describe_recipe(recipe, parse_changes(changes))
    if json:
        print_json({key: description[key] for key in JSON_KEYS})
        return
    print(f"{description['name']}: {description['summary']}\nsource: {description['source']}")
    for quirk in description["quirks"]:
        print(f"quirk: {quirk}")
    counts, shape = description["parameters"], description["sample_shape"]
    numbers = ", ".join(f"{player} {number:,}" for player, number in counts.items())
    print(f"parameters: {numbers} (samples of shape {'x'.join(map(str, shape))})")
    table(("field", "value"), [[field, str(value)] for field, value in description["fields"].items()])
