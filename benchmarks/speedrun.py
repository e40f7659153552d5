"""Wall time of training on MNIST to a given quality: seconds from the start of the process to its end.

    python benchmarks/speedrun.py MACHINE MNIST [--seeds 3] [--steps N]    # into results/speedrun-MACHINE.json

MNIST: a folder or an archive of MNIST's files. Each seed is one `honmono train` with empty caches, of honmono and of
the compiler. What it must reach, on 10,000 fakes against the test pictures: label fidelity of at least 0.98,
FID[mnist] of at most 0.05, recall of at least 0.8. Judging is not in the seconds: it comes afterwards, at the end and
at the checkpoints on the way, which make the curve.

The recipe is `dcgan-mnist`. The settings below replace its own, as when the stored figures were measured. R1 is
computed in every 16th step alone, with the same weight (StyleGAN2, arXiv:1912.04958, appendix B). Learning rates fall
to 0 by half a cosine (arXiv:1608.03983). Real samples under wrong labels must score lower (`Mismatch`, after
arXiv:1605.05396), which teaches labels early. All were chosen on seed 0, before any of the seeds measured here.
"""

import argparse
import json
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from whole_training import seconds_of_training

import honmono
from honmono.files import write_json
from honmono.metrics.fid import FID
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.prdc import PRDC
from honmono.runs.environment import environment


RESULTS = Path(__file__).parent / "results"
FIRST_SEED = 1  # settings were chosen on seed 0
STEPS, POINTS = 2_000, 4  # POINTS: of the curve
UPDATES = (
    "(Update(discriminator, real=x, terms=(real, fake, pair, mismatch)),"
    " Update(discriminator, real=x, terms=(r1,), count=Every(16)), Update(generator))"
)
METRICS = tuple(metric(features="mnist", fakes=10_000) for metric in (FID, PRDC, LabelFidelity))
NUMBERS = ("fid[mnist]", "recall[mnist]", "label_fidelity[mnist]")
REACHED = {"fid[mnist]": (0.0, 0.05), "recall[mnist]": (0.8, 1.0), "label_fidelity[mnist]": (0.98, 1.0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("machine", help="for the file's name: epyc-2-cores, say")
    parser.add_argument("mnist", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS)
    asked = parser.parse_args()
    rows = []
    for seed in range(FIRST_SEED, FIRST_SEED + asked.seeds):
        with TemporaryDirectory() as folder:
            rows.append(row(asked.mnist.resolve(), seed, asked.steps, Path(folder)))
        print(json.dumps(rows[-1]), flush=True)
    found = {"what": "honmono train dcgan-mnist from files to digits", "settings": settings(asked.steps)}
    found |= {"median_seconds": median(one["seconds"] for one in rows), "all_reached": all(map(reached, rows))}
    found |= {"hardware": environment(["benchmarks/speedrun.py", asked.machine]), "rows": rows}
    write_json(RESULTS / f"speedrun-{asked.machine}.json", found)


def settings(steps: int) -> list[str]:
    changes = {
        "updates": UPDATES,
        "objective.penalties": "(R1(1.0), Mismatch(0.2))",
        "training.learning_rates": f"Pair(Cosine(images={64 * steps}))",
        "training.checkpoint_every": steps // POINTS,
        "training.keep": 0,
        "training.sample_every": steps,
        "metrics": "()",
    }
    return ["--steps", str(steps), *(word for path, value in changes.items() for word in ("--set", f"{path}={value}"))]


def row(mnist: Path, seed: int, steps: int, folder: Path) -> dict[str, Any]:
    """One training with its wall time, then its numbers."""
    run = folder / "run"
    arguments = ["dcgan-mnist", "--data", str(mnist), "--seed", str(seed), *settings(steps)]
    seconds, reached_at = seconds_of_training(arguments, run)
    curve = [point(run, step, reached_at[step], f"{mnist}@test") for step in sorted(reached_at)]
    return {"seed": seed, "seconds": round(seconds, 1), **{name: curve[-1][name] for name in NUMBERS}, "curve": curve}


def point(run: Path, step: int, seconds: float, reference: str) -> dict[str, Any]:
    """The numbers of a checkpoint, and the seconds from the start of the process until then."""
    numbers = honmono.evaluate(run, METRICS, reference=reference, checkpoint=step).measured.metrics
    return {"step": step, "seconds": round(seconds, 1), **{name: round(numbers[name], 4) for name in NUMBERS}}


def reached(row: dict[str, Any]) -> bool:
    return all(least <= row[name] <= most for name, (least, most) in REACHED.items())


if __name__ == "__main__":
    main()
