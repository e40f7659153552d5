"""`honmono list`."""

from honmono.cli.options import AsJson
from honmono.cli.output import print_json, table


def list_recipes(json: AsJson = False) -> None:
    """List the recipes that come with honmono."""
    from honmono.recipes import COLUMNS, catalogue

    rows = catalogue()
    print_json(rows) if json else table(COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
