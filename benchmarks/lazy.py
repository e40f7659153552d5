"""What a lazy penalty costs and saves: dcgan-folder as it is, R1 in every 16th step, and with R1 in every step.

    OMP_NUM_THREADS=1 python benchmarks/lazy.py cifar10_jpg.tar.gz [--images 60000] [--seeds 3]

Both are trained on the training pictures for equal images and judged on the test pictures (FID[cifar10] and recall of
10,000 fakes); a row goes into results/lazy.json as it is made, and what is there is not made again. Then steps of both
are timed in turn, 16 of one after 16 of the other, by the processor's seconds.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import honmono
from honmono.data.choose import with_source
from honmono.devices import choose
from honmono.files import write_json
from honmono.metrics.fid import FID
from honmono.metrics.prdc import PRDC
from honmono.recipe import Recipe, Update
from honmono.runs.environment import environment
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


RESULT = Path(__file__).parent / "results" / "lazy.json"
RECIPE, PERIOD, BLOCKS = "dcgan-folder", 16, 6
METRICS = (FID(features="cifar10"), PRDC(features="cifar10"))


def recipes(source: str) -> dict[str, Recipe]:
    lazy = honmono.find(RECIPE).make()
    lazy = replace(lazy, data=with_source(lazy.data, f"{source}@train", RECIPE), metrics=())
    return {"lazy": lazy, "eager": replace(lazy, updates=(Update("discriminator"), Update("generator")))}


def judged(recipe: Recipe, source: str, images: int, seed: int) -> dict[str, float]:
    with TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        started = time.process_time()
        honmono.train(recipe, images=images, seed=seed, run=run)
        seconds = time.process_time() - started
        found = honmono.evaluate(run, METRICS, reference=f"{source}@test").measured.metrics
    return {"processor_seconds": seconds} | found


def milliseconds(source: str) -> dict[str, float]:
    """Medians of a step's processor time."""
    trainers = dict[str, Trainer]()
    for name, recipe in recipes(source).items():
        trainers[name] = Trainer(recipe, recipe.data.open(), Engine(choose("cpu", compile="off")))
    blocks = {name: list[float]() for name in trainers}
    for _ in range(BLOCKS):
        for name, trainer in trainers.items():
            started = time.process_time()
            for _ in range(PERIOD):
                trainer.step()
            blocks[name].append((time.process_time() - started) / PERIOD * 1e3)
    return {name: median(times[1:]) for name, times in blocks.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="CIFAR-10 as JPEG files, with a training and a test split")
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    found: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {"rows": []}
    found["hardware"] = {name: value for name, value in environment(()).items() if name != "command"}
    for seed in range(asked.seeds):
        for name, recipe in recipes(asked.source).items():
            row = {"r1": name, "images": asked.images, "seed": seed}
            if not any(row.items() <= one.items() for one in found["rows"]):
                found["rows"].append(row | judged(recipe, asked.source, asked.images, seed))
                write_json(RESULT, found)
    found["milliseconds"] = milliseconds(asked.source)
    write_json(RESULT, found)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
