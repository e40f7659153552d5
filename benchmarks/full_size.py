"""One step of recipes too large to be trained here, at full size, so that it is known that they can be, and on what.

    python benchmarks/full_size.py RECIPE ... [--size PIXELS]

Batches hold two samples for each that the discriminator judges as one; a growing network stands at its last stage. Each
recipe has a process of its own. Rows go into results/full-size.json, which docs/gallery.md is written from.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from honmono.benchmark.timing import Noise
from honmono.devices import choose
from honmono.files import write_json
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.runs.environment import environment
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


RESULTS = Path(__file__).parent / "results" / "full-size.json"


def main() -> None:
    parser = argparse.ArgumentParser(description="One step of large recipes at full size.")
    parser.add_argument("recipes", nargs="+", metavar="RECIPE")
    parser.add_argument("--size", type=int, help="of the pictures, where the recipe leaves it to the data")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        print(json.dumps(stepped(asked.recipes[0], asked.size)))
        return
    size = ["--size", str(asked.size)] if asked.size else []
    for name in asked.recipes:
        done = subprocess.run([sys.executable, __file__, name, *size, "--here"], stdout=subprocess.PIPE, check=True)
        rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
        rows[name] = json.loads(done.stdout)
        write_json(RESULTS, dict(sorted(rows.items())))
        print(name, rows[name], flush=True)


def stepped(name: str, size: int | None) -> dict[str, Any]:
    recipe = find(name).make()
    recipe = override(recipe, {"data.size": str(size)}) if size else recipe
    batch = 2 * recipe.objective.pack
    recipe = replace(recipe, growth=None, training=replace(recipe.training, batch_size=batch, average=None))
    data_spec = nominal_data_spec(recipe)
    trainer = Trainer(recipe, Noise(data_spec), Engine(choose("cpu", "fp32", "off")))
    begun = time.perf_counter()
    losses = trainer.step()
    seconds = time.perf_counter() - begun
    assert all(torch.isfinite(loss) for loss in losses.values()), losses
    of = environment(())
    return {
        "shape": "x".join(map(str, data_spec.sample_shape)),
        "batch": batch,
        "seconds": round(seconds, 2),
        "gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 1),
        "parameters": sum(p.numel() for network in trainer.networks.values() for p in network.parameters()),
        "hardware": f"{of['cpu']}, {of['threads']} of {of['cores']} cores",
    }


if __name__ == "__main__":
    main()
