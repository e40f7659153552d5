"""Times recipes' steps against the plain loop; each row is written to results/steps-NAME.json as soon as it is made.

python benchmarks/steps.py NAME [RECIPE ...] [--device D] [--precision P] [--compile C]
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from honmono.benchmark.timing import measure_all
from honmono.files import write_json
from honmono.recipe.registry import entries
from honmono.runs.environment import environment


def main() -> None:
    parser = argparse.ArgumentParser(description="Times recipes' steps against the plain loop.")
    parser.add_argument("name", help="of the machine, for the file's name: epyc-2-cores, say")
    parser.add_argument("recipes", nargs="*", help="which; otherwise all, of which some take minutes a step on a CPU")
    for option in ("device", "precision", "compile"):
        parser.add_argument(f"--{option}", default="auto")
    asked = parser.parse_args()
    settings = {"device": asked.device, "precision": asked.precision, "compile": asked.compile}
    result = {
        "what": "median ms per step, ours and the plain loop's, interleaved",
        "hardware": environment(["benchmarks/steps.py", *sys.argv[1:]]),
    }
    path = Path(__file__).parent / "results" / f"steps-{asked.name}.json"
    path.parent.mkdir(exist_ok=True)
    rows: list[dict[str, Any]] = []
    for name in asked.recipes or entries():
        rows += measure_all(name, **settings)
        write_json(path, result | {"rows": rows})
        print(rows[-1], flush=True)


if __name__ == "__main__":
    main()
