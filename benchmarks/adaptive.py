"""Whether an adaptive probability of augmentation helps on few pictures: FID and recall, over seeds.

    python benchmarks/adaptive.py cifar10_jpg.tar.gz [--each 100] [--seeds 3] [--images 60000,180000] [--recipe folder]
        [--root DIR]

The recipe is trained on the first 100 training pictures of each class, once with every picture augmented and once with
`Adaptive()`, and judged on the test pictures. Rows go into
results/classes-adaptive.json as they are made by `benchmarks/classes.py`, which says what their numbers are; runs whose
rows are there are not made again. At the end a table of means and standard deviations over seeds is printed.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from honmono.reports.comparison.numbers import mean_and_deviation


HERE = Path(__file__).parent
NAME = "adaptive"
RESULTS = HERE / "results" / f"classes-{NAME}.json"
CASES = {
    "always": ["objective.augment.probability=1.0"],
    "adaptive": ["objective.augment.probability=Adaptive()"],
}
NUMBERS = ("fid", "recall", "precision", "coverage")


def classes(*words: str) -> None:
    subprocess.run([sys.executable, str(HERE / "classes.py"), *words], check=True)


def rows() -> list[dict[str, Any]]:
    return json.loads(RESULTS.read_text(encoding="utf-8"))["rows"] if RESULTS.exists() else []


def train(asked: argparse.Namespace, few: Path, case: str, seed: int) -> None:
    """Trains one run, unless all of its rows are there."""
    changes, lengths = CASES[case], {int(one) for one in asked.images.split(",")}
    made = {row["images"] for row in rows() if (row["set"], row["seed"]) == (changes, seed)}
    if len(made) >= len(lengths):
        return
    words = ["train", NAME, asked.recipe, "--data", str(few), "--held-out", f"{asked.source}@test"]
    words += ["--features", "cifar10", "--seed", str(seed), "--images", asked.images]
    words += ["--run", str(asked.root / f"{case.replace(' ', '-')}-{seed}")]
    classes(*words, *(word for change in changes for word in ("--set", change)))


def table() -> str:
    lines = ["| augmentation | images | " + " | ".join(NUMBERS) + " |", "|---" * (2 + len(NUMBERS)) + "|"]
    for case, changes in CASES.items():
        of_case = [row for row in rows() if row["set"] == changes]
        for images in sorted({row["images"] for row in of_case}):
            same = [row for row in of_case if row["images"] == images]
            numbers = [" ".join(mean_and_deviation([row[name] for row in same])).rstrip() for name in NUMBERS]
            lines.append(f"| {case} ({len(same)} seeds) | {images:,} | {' | '.join(numbers)} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="CIFAR-10 as JPEG files, with a training and a test split")
    parser.add_argument("--each", type=int, default=100, help="training pictures of each class")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", default="60000,180000")
    parser.add_argument("--recipe", default="folder")
    parser.add_argument("--root", type=Path, default=Path("runs") / NAME)
    asked = parser.parse_args(argv)
    few = asked.root / f"{asked.each}-of-each-class"
    if not few.exists():
        classes("thin", asked.source, str(few), "--each", str(asked.each))
    for seed in range(asked.seeds):
        for case in CASES:
            train(asked, few, case, seed)
    print(table())


if __name__ == "__main__":
    main()
