"""Whether environments on one machine train to the same bits.

    python benchmarks/environments.py PYTHON [PYTHON ...]    # interpreters, as .venv/bin/python .venv-newest/bin/python

Each trains a few tiny recipes for a few steps, from this checkout, in float32, on one thread of the processor. A table
gives its versions and, for each recipe, a hash of all that a checkpoint holds; the exit status is 1 where they differ.
Bits are comparable on one class of processors only: kernels differ between them.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


SOURCE = Path(__file__).parents[1] / "src"
RECIPES = ("dcgan-digits", "gan-grid", "rpgan-grid", "wgan-gp-grid", "coulomb-grid", "realness-toy")
STEPS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether environments on this machine train to the same bits.")
    parser.add_argument(
        "pythons", nargs="*", metavar="PYTHON", help="interpreters of environments with honmono's packages"
    )
    pythons = parser.parse_args().pythons
    if not pythons:
        print(json.dumps(environment()))
        return
    found = {python: ask(python) for python in pythons}
    for python, row in found.items():
        print(f"{python}: " + ", ".join(f"{name} {version}" for name, version in row["versions"].items()))
    print()
    for recipe in RECIPES:
        hashes = [row["hashes"][recipe] for row in found.values()]
        print(f"{recipe:14}", *hashes, "" if len(set(hashes)) == 1 else "DIFFERENT")
    if len({json.dumps(row["hashes"]) for row in found.values()}) > 1:
        sys.exit("these environments do not train to the same bits")


def ask(python: str) -> dict[str, Any]:
    """What this file says of another interpreter's environment."""
    words = os.environ | {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    run = subprocess.run([python, __file__], env=words, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout)


def environment() -> dict[str, Any]:
    """This interpreter's versions, and a hash of what each recipe trains to."""
    import numpy
    import torch

    versions = {"Python": sys.version.split()[0], "torch": str(torch.__version__), "numpy": numpy.__version__}
    return {"versions": versions, "hashes": {name: trained(name) for name in RECIPES}}


def trained(name: str) -> str:
    """A hash of a tiny recipe's networks, averages and optimizers after a few steps."""
    from honmono.devices import Choices
    from honmono.recipe.override import override
    from honmono.recipe.registry import find
    from honmono.training.engine import Engine
    from honmono.training.trainer import Trainer

    entry = find(name)
    recipe = override(entry.make(), entry.tiny)
    trainer = Trainer(recipe, recipe.data.open(), Engine(Choices("cpu", "fp32", "off", 1, 1)))
    for _ in range(STEPS):
        trainer.step()
    digest = hashlib.sha256()
    for group, tensors in sorted(trainer.tensors().items()):
        for key, tensor in sorted(tensors.items()):
            digest.update(f"{group} {key} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    main()
