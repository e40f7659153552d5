"""What the switches change by which recipes follow their articles: numbers with each of them and without.

    OMP_NUM_THREADS=1 python benchmarks/switches.py MNIST [--json FILE]    # MNIST: a directory of its IDX files

Filters and saved pixels are compared exactly; optimizers by the recipe's own metric after a short training, which is
far from the article's: what is within the spread of the seeds is no effect. Takes some minutes on one core.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

import honmono
from honmono.data.pictures import Pictures
from honmono.evaluation.preprocess import FeaturePreprocessing
from honmono.files import write_json
from honmono.metrics.features.named import feature_network
from honmono.metrics.fid import frechet_distance
from honmono.recipe.grids import SampleGrid
from honmono.recipe.override import override
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.environment import environment
from honmono.training.sample_grids import pixels


FAKES = 10_000
CGAN_STEPS = 50
GRIDS = {"gan-mnist-article": 938, "cgan-mnist-article": CGAN_STEPS, "dcgan-mnist-article": 100}  # steps before samples
ADAM = {  # steps, seeds
    "wgan-grid-article": (3_000, 3),
    "dcgan-mnist-article": (468, 1),
    "cgan-mnist-article": (200, 1),
}


class Trainings:
    """Short trainings in float32, which measure at the end."""

    def __init__(self, folder: Path, mnist: str) -> None:
        self._folder, self._mnist, self._number = folder, mnist, 0

    def __call__(self, name: str, steps: int, changes: Mapping[str, str]) -> RunDirectory:
        recipe = override(honmono.find(name).make(), changes)
        if isinstance(recipe.data, Pictures):
            recipe = replace(recipe, data=replace(recipe.data, source=self._mnist))
        training = replace(recipe.training, measure_images=None, sample_every=steps, checkpoint_every=steps)
        self._number += 1
        run = self._folder / str(self._number)
        recipe = replace(recipe, training=training)
        honmono.train(recipe, run=run, steps=steps, device="cpu", precision="fp32", compile="off")
        return RunDirectory(run)


def difference(one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Of two uint8 arrays: the share of pixels that differ, and by how much at most and in the mean, in levels."""
    apart = np.abs(one.astype(int) - other.astype(int))
    return {"share": float((apart > 0).mean()), "largest": int(apart.max()), "mean": float(apart.mean())}


def filters(source: str) -> dict[str, Any]:
    """pggan-mnist-article's pictures by either filter, and FID[mnist] of reals that have been through 32x32."""
    extract = feature_network("mnist").load(torch.device("cpu"))

    def features(pictures: np.ndarray) -> torch.Tensor:
        with torch.no_grad():
            return torch.cat([extract(torch.from_numpy(pictures[at : at + 500]))[0] for at in range(0, FAKES, 500)])

    def opened(**fields: Any) -> np.ndarray:
        return np.load(Pictures(source=source, channels=1, **fields).open().path / "pictures.npy")

    stored, order = opened(size=28), np.random.default_rng(0).permutation(60_000)
    real, others = order[:FAKES], order[FAKES : 2 * FAKES]
    reference, fid = features(stored[real]), {}
    made = {name: opened(size=32, fit="resize", resample=name) for name in ("lanczos", "bilinear")}
    fid["as stored"] = frechet_distance(reference, features(stored[others]))
    for name, pictures in made.items():
        smaller = FeaturePreprocessing(32, 28, 1)(torch.from_numpy(pictures[others])).numpy()
        fid[name] = frechet_distance(reference, features(smaller))
    return {"pixels": difference(made["lanczos"], made["bilinear"]), "fid[mnist] of reals": fid}


def saved(run: RunDirectory) -> dict[str, float]:
    """Pixels of 640 samples as the recipe saves them, against those of a plain grid; stretched as a grid of them is."""
    trained = honmono.load(run.path, device="cpu")
    samples, (first, *_) = trained.sample(640, seed=1), trained.recipe.grids
    assert trained.model.range is not None
    cells = 16 if first.stretch else 640
    ways = [[pixels(x, grid, trained.model.range) for x in samples.split(cells)] for grid in (first, SampleGrid())]
    return difference(*(np.concatenate(way) for way in ways))


def running_variance(train: Trainings) -> dict[str, float]:
    """Of two trainings that differ in nothing else: 640 samples by moving averages."""
    runs = [
        train("cgan-mnist-article", CGAN_STEPS, {"metrics": "()", "generator.running_variance": way})
        for way in ("biased", "unbiased")
    ]
    one, other = (honmono.load(run.path, device="cpu").pictures(640, seed=1) for run in runs)
    return difference(one, other)


def adam(train: Trainings, name: str) -> dict[str, Any]:
    """The recipe's metrics by seed, with TensorFlow's Adam and with torch's."""
    steps, seeds = ADAM[name]
    own = honmono.find(name).make().optimizers
    torchs = {
        f"optimizers.{player}": f"Adam(lr={words['lr']}, betas={words['betas']})"
        for player, words in (("generator", own.generator.keywords), ("discriminator", own.discriminator.keywords))
    }
    return {"steps": steps} | {
        way: [
            evaluations.read(train(name, steps, changes | {"training.seed": str(seed)}))[-1]["metrics"]
            for seed in range(seeds)
        ]
        for way, changes in (("TensorFlowAdam", {}), ("Adam", torchs))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", help="a directory of MNIST's IDX files")
    parser.add_argument("--json", type=Path, help="a file to write the numbers to")
    asked = parser.parse_args()
    hardware = {name: value for name, value in environment(()).items() if name != "command"}
    found: dict[str, Any] = {"hardware": hardware}
    with TemporaryDirectory() as temporary:
        train = Trainings(Path(temporary), asked.mnist)
        found["filters"] = filters(asked.mnist)
        found["saved"] = {
            name: {"steps": steps} | saved(train(name, steps, {"metrics": "()"})) for name, steps in GRIDS.items()
        }
        found["running variance"] = {"steps": CGAN_STEPS} | running_variance(train)
        found["adam"] = {name: adam(train, name) for name in ADAM}
    if asked.json:
        write_json(asked.json, found)
    print(found)


if __name__ == "__main__":
    main()
