"""What a conditional recipe learns of each class: asked class drawn, variety, and coverage of pictures held out.

    python benchmarks/classes.py thin SOURCE FOLDER [--each N] [--rare CLASS=N]
    python benchmarks/classes.py train NAME RECIPE --data SOURCE --held-out SOURCE --features NETWORK
        [--seed N] [--images N,N,...] [--set F=V] [--precision P]
    python benchmarks/classes.py reals NAME --data SOURCE --held-out SOURCE --features NETWORK

`thin` writes a source's pictures as PNG files into one folder for each class: at most N of each, and N of a rare one.
`train` trains a recipe under one seed and judges its averaged weights after each number of images; a row for each goes
into results/classes-NAME.json as it is made, and a grid of each class's first pictures beside it where asked for.
Of each class 1,000 fakes stand against the held-out pictures of that class, in the features of a classifier of ours:

label_fidelity: share of fakes that the classifier reads as the class asked for. variety, variety_pixels: spread of
fakes over that of the reals, in features and in pixels. precision, recall, density, coverage: of a class alone, k = 5.
fid: of 1,000 fakes of each class against 1,000 held-out reals of each.
`reals` judges a source's pictures in place of fakes, and the variety of held-out ones that are read as their class.
"""

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import honmono
from honmono.data.packing.pack import PICTURES
from honmono.data.pictures import Pictures
from honmono.files import write_json
from honmono.generation.load import TrainedRun
from honmono.metrics.features.base import Extract, FeatureNetwork
from honmono.metrics.features.named import feature_network
from honmono.metrics.fid import frechet_distance
from honmono.metrics.prdc import prdc
from honmono.metrics.spread import spread
from honmono.runs.environment import environment
from honmono.runs.images import grid, save_png


RESULTS = Path(__file__).parent / "results"
FAKES, ROWS, CHUNK = 1_000, 8, 250
Judged = tuple[Tensor, Tensor, Tensor]  # pictures uint8, features, logits


def pictures_of(source: str) -> dict[str, np.ndarray]:
    """A source's pictures by class, uint8 (number, channels, size, size)."""
    opened = Pictures(source=source).open()
    assert opened.labels is not None, f"{source} has no classes"
    pixels = np.load(opened.path / PICTURES, mmap_mode="r")
    return {name: np.array(pixels[opened.labels == place]) for place, name in enumerate(opened.classes)}


def thin(source: str, folder: Path, each: int | None, rare: dict[str, int]) -> None:
    """Writes the first pictures of each class as PNG files."""
    for name, pictures in pictures_of(source).items():
        (folder / name).mkdir(parents=True)
        for number, picture in enumerate(pictures[: rare.get(name, each)]):
            Image.fromarray(picture.transpose(1, 2, 0).squeeze()).save(folder / name / f"{number:05}.png")


def judged(extract: Extract, pictures: np.ndarray, channels: int) -> Judged:
    """Pictures through the classifier; grey ones as colour where it wants that."""
    rows = torch.from_numpy(pictures)
    rows = rows if rows.shape[1] == channels else rows.expand(-1, channels, -1, -1)
    features, logits = zip(*(extract(chunk) for chunk in rows.split(CHUNK)), strict=True)
    return rows, torch.cat(features), torch.cat(logits)


def of_class(real: Judged, fake: Judged, place: int) -> dict[str, float]:
    """The numbers of one class; `place` is its place among the classifier's."""
    scores = prdc(real[1], fake[1], 5)
    return {
        "label_fidelity": (fake[2].argmax(1) == place).double().mean().item(),
        "variety": spread(fake[1]) / spread(real[1]),
        "variety_pixels": spread(fake[0]) / spread(real[0]),
        **scores._asdict(),
    }


def fakes_of(run: TrainedRun, names: Iterable[str], picture: Path | None) -> dict[str, np.ndarray]:
    """Pictures of a run's averaged weights by class, and a grid of columns by class."""
    fakes = {name: np.asarray(run.pictures(FAKES, label=name)) for name in names}
    if picture is not None:
        by_row = np.stack([samples[row] for row in range(ROWS) for samples in fakes.values()])
        save_png(grid(by_row, columns=len(fakes)), picture)
    return fakes


def numbers_of(found: dict[str, Judged], held_out: dict[str, Judged], classifier: FeatureNetwork) -> dict[str, Any]:
    """What pictures are worth: of all classes the mean, then each class."""
    classes = {name: of_class(held_out[name], found[name], classifier.classes.index(name)) for name in held_out}
    means = {key: fmean(one[key] for one in classes.values()) for key in next(iter(classes.values()))}
    real, fake = (torch.cat([one[1][:FAKES] for one in side.values()]) for side in (held_out, found))
    return {"fid": frechet_distance(real, fake), **means, "classes": classes}


def by_class(source: str, classifier: FeatureNetwork, extract: Extract) -> dict[str, Judged]:
    """The first pictures of each class of a source."""
    return {name: judged(extract, p[:FAKES], classifier.channels) for name, p in pictures_of(source).items()}


def reals(arguments: argparse.Namespace) -> None:
    """Judges pictures of a source, and how various those held-out ones are that are read as what they are."""
    classifier = feature_network(arguments.features)
    extract = classifier.load(torch.device("cpu"))
    held_out = by_class(arguments.held_out, classifier, extract)
    numbers = numbers_of(by_class(arguments.data, classifier, extract), held_out, classifier)
    for name, (pixels, features, logits) in held_out.items():
        right = logits.argmax(1) == classifier.classes.index(name)
        numbers["classes"][name] |= {
            "variety_of_those_read_right": spread(features[right]) / spread(features),
            "variety_pixels_of_those_read_right": spread(pixels[right]) / spread(pixels),
        }
    row = {
        "data": Path(arguments.data).name,
        "held_out": Path(arguments.held_out).name,
        "features": arguments.features,
        **numbers,
        "environment": environment(["benchmarks/classes.py", "reals", arguments.name]),
    }
    keep(RESULTS / f"classes-{arguments.name}.json", row, "reals")
    print({key: value for key, value in row.items() if key != "environment"}, flush=True)


def train(arguments: argparse.Namespace) -> None:
    """Trains one recipe under one seed, stopping at each number of images to judge it."""
    path = RESULTS / f"classes-{arguments.name}.json"
    changes = {"training.keep": "0", "metrics": "()", **dict(one.split("=", 1) for one in arguments.set)}
    classifier = feature_network(arguments.features)
    extract = classifier.load(torch.device("cpu"))
    held_out = by_class(arguments.held_out, classifier, extract)
    lengths = [int(one) for one in arguments.images.split(",")]
    start = {"recipe": arguments.recipe, "data": arguments.data, "run": arguments.run, "seed": arguments.seed}
    start |= {"precision": arguments.precision, "changes": changes}
    begun, spent = time.monotonic(), time.process_time()
    for images in lengths:
        run = honmono.train(images=images, **(start if images == lengths[0] else {"resume": arguments.run}))
        seconds, cpu = time.monotonic() - begun, time.process_time() - spent
        judging = time.monotonic(), time.process_time()
        picture = arguments.pictures and Path(arguments.pictures) / f"{arguments.name}-{images}.png"
        fakes = fakes_of(run, held_out, picture)
        found = {name: judged(extract, pictures, classifier.channels) for name, pictures in fakes.items()}
        row = {
            "recipe": arguments.recipe,
            "set": arguments.set,
            "data": Path(arguments.data).name,
            "held_out": Path(arguments.held_out).name,
            "features": arguments.features,
            "seed": arguments.seed,
            "images": run.images,
            "seconds": round(seconds, 1),
            "cpu_seconds": round(cpu, 1),
            **numbers_of(found, held_out, classifier),
            "environment": environment(["benchmarks/classes.py", "train", arguments.name, arguments.recipe]),
        }
        keep(path, row, "rows")
        print({key: value for key, value in row.items() if key not in ("classes", "environment")}, flush=True)
        begun, spent = begun + time.monotonic() - judging[0], spent + time.process_time() - judging[1]


def keep(path: Path, row: dict[str, Any], among: str) -> None:
    """Adds a row to a list in a file of results."""
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"what": __doc__}
    write_json(path, kept | {among: [*kept.get(among, ()), row]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True, dest="verb")
    one = verbs.add_parser("thin")
    one.add_argument("source")
    one.add_argument("folder", type=Path)
    one.add_argument("--each", type=int)
    one.add_argument("--rare", action="append", default=[], metavar="CLASS=N")
    judging = argparse.ArgumentParser(add_help=False)
    judging.add_argument("name")
    judging.add_argument("--data", required=True)
    judging.add_argument("--held-out", required=True)
    judging.add_argument("--features", required=True)
    verbs.add_parser("reals", parents=[judging])
    one = verbs.add_parser("train", parents=[judging])
    one.add_argument("recipe")
    one.add_argument("--run", required=True, help="the run's directory")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--images", default="60000,180000")
    one.add_argument("--precision", default="auto")
    one.add_argument("--set", action="append", default=[], metavar="F=V")
    one.add_argument("--pictures", help="a folder for a grid of each class's first pictures")
    arguments = parser.parse_args()
    if arguments.verb == "thin":
        rare = {name: int(count) for name, _, count in (text.partition("=") for text in arguments.rare)}
        thin(arguments.source, arguments.folder, arguments.each, rare)
    elif arguments.verb == "reals":
        reals(arguments)
    else:
        train(arguments)


if __name__ == "__main__":
    main()
