"""`honmono env`."""

import sys

from honmono.cli.options import AsJson
from honmono.cli.output import print_json, table


def env(json: AsJson = False) -> None:
    """Show versions, devices and what honmono would choose here."""
    from honmono.devices import choose, recorded
    from honmono.runs.environment import environment

    facts = environment(sys.argv) | {"chosen": recorded(choose())}
    print_json(facts) if json else table(("what", "value"), [[name, str(value)] for name, value in facts.items()])
