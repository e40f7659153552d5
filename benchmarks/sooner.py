"""How much sooner than the articles' loops the recipes of today reach the loops' numbers, on the same data.

    python benchmarks/sooner.py MACHINE FOLDER [COURSE ...] [--seeds 3]    # into results/sooner-MACHINE.json
    python benchmarks/sooner.py MACHINE FOLDER --recall RECIPE STEPS       # adds the recall of an article's loop to it

FOLDER: with `mnist`, MNIST's files, and `cifar10_jpg.tar.gz`, CIFAR-10's pictures as JPEGs.
COURSE: of those below; all by default.

A loop's seconds are its steps times the milliseconds of one, which `against_articles.py MACHINE` has measured before,
with its data in memory: what it reads, prints and saves is left out. Today's are wall seconds from the start of
`honmono train`, with empty caches, until the checkpoint is on disk. Checkpoints are judged afterwards, at the steps
below. Numbers are reached where they hold at a checkpoint and at every later one. No setting was chosen on the seeds.
--recall trains the recipe of an article, which computes what its loop does, and judges its recall after so many steps.
Where it is known, it is one of the numbers to reach, and the seconds measured before are compared with it.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from whole_training import seconds_of_training

import honmono
from honmono.files import write_json
from honmono.metrics.named import metric
from honmono.runs.environment import environment
from honmono.runs.evaluations import is_detail


RESULTS = Path(__file__).parent / "results"
FIRST_SEED = 1  # settings were chosen on seed 0
Numbers = dict[str, float]


class Goal(NamedTuple):
    """Numbers to reach, and the article's loop that had them after so many steps; without one they stand beside."""

    numbers: Numbers
    article: str = ""
    steps: int = 0


class Course(NamedTuple):
    """A training of today, at which steps it is judged, and what it is to reach."""

    recipe: str
    data: str
    changes: dict[str, str]
    at: tuple[int, ...]
    metrics: tuple[str, ...]
    goals: dict[str, Goal]

    def arguments(self, folder: Path, seed: int) -> list[str]:
        changes = self.changes | {"training.checkpoint_every": str(self.at[0]), "training.keep": "0", "metrics": "()"}
        data = ["--data", str(folder / self.data)] if self.data else []
        words = [word for path, value in changes.items() for word in ("--set", f"{path}={value}")]
        return [self.recipe, *data, "--seed", str(seed), "--steps", str(self.at[-1]), *words]


SCALE = 5.25  # of the WGAN article's grid of Gaussians to the one that `rpgan-grid` is made for
COURSES = {
    "mnist": Course(
        "dcgan-mnist",
        "mnist",
        {},
        (50, 100, 200, 400, 600, 800, 1_000, 1_250),
        ("fid[mnist]", "prdc[mnist]", "labels[mnist]"),
        {
            "002, label fidelity of step 2,000": Goal({"label_fidelity[mnist]": 0.984}, "cgan-mnist-article", 2_000),
            "001's GAN, FID of epoch 10": Goal({"fid[mnist]": 12.9}, "gan-mnist-article", 9_380),
            "001's GAN, FID of epoch 50": Goal({"fid[mnist]": 2.45}, "gan-mnist-article", 46_900),
            "001's PGGAN, FID of epoch 10": Goal({"fid[mnist]": 0.592}, "pggan-mnist-article", 9_380),
            "004, FID of epoch 17": Goal({"fid[mnist]": 10.7}, "dcgan-mnist-article", 5_100),
            "FID[mnist] of 0.1": Goal({"fid[mnist]": 0.1}),
        },
    ),
    "cifar10": Course(
        "folder",
        "cifar10_jpg.tar.gz@train",
        {},
        (100, 200, 400, 600, 800, 1_000),
        ("fid[cifar10]", "prdc[cifar10]"),
        {
            "000, FID of epoch 10": Goal({"fid[cifar10]": 5.02}, "realness-cifar10-article", 3_900),
            "000, FID of epoch 100": Goal({"fid[cifar10]": 1.54}, "realness-cifar10-article", 39_000),
            "FID[cifar10] of 2.0": Goal({"fid[cifar10]": 2.0}),
        },
    ),
    "points": Course(
        "rpgan-grid",
        "",
        {
            "data.spacing": str(2 * SCALE),
            "data.sigma": str(0.1**0.5),
            "latent.low": str(-5 * SCALE),
            "latent.high": str(5 * SCALE),
            "latent.spread": str(0.04 * SCALE),
            "generator.fourier_scale": str(3 / SCALE),
            "discriminator.fourier_scale": str(4 / SCALE),
            "objective.penalties.0.gamma": str(0.5 * SCALE**2),
            "objective.penalties.1.gamma": str(0.5 * SCALE**2),
        },
        (250, 500, 1_000, 1_500, 2_000),
        ("modes",),
        {
            "003, modes, high quality and reverse KL of step 195,000": Goal(
                {"modes": 24, "high_quality": 0.1996, "reverse_kl": 0.3232}, "wgan-grid-article", 195_000
            ),
        },
    ),
}
BETTER = {
    key: way for course in COURSES.values() for name in course.metrics for key, way in metric(name).keys().items()
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("machine", help="for the files' names: epyc-2-cores, say")
    parser.add_argument("folder", type=Path)
    parser.add_argument("courses", nargs="*", metavar="COURSE", help=", ".join(COURSES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recall", nargs=2, metavar=("RECIPE", "STEPS"), help="a loop below whose recall is judged")
    asked = parser.parse_args()
    path, folder = RESULTS / f"sooner-{asked.machine}.json", asked.folder.resolve()
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"courses": {}}
    recalls: dict[str, Any] = kept.setdefault("recall", {})
    if asked.recall:
        article, steps = asked.recall
        loops = [(one, goal) for one in COURSES.values() for goal in one.goals.values()]
        course = next((one for one, goal in loops if (goal.article, str(goal.steps)) == (article, steps)), None)
        if course is None or asked.courses:
            parser.error(f"--recall {article} {steps}: give a loop and its steps of COURSES, and no COURSE")
        recalls.setdefault(article, {})[steps] = recall_of(article, int(steps), course, folder)
        return keep(path, kept, asked.machine)
    for name in asked.courses or COURSES:
        seeds = range(FIRST_SEED, FIRST_SEED + asked.seeds)
        rows = [trained(COURSES[name], folder, seed) for seed in seeds]
        hardware = environment(["benchmarks/sooner.py", asked.machine, "FOLDER", name])
        kept["courses"][name] = {"goals": {}, "hardware": hardware, "rows": rows}
        keep(path, kept, asked.machine)


def recall_of(article: str, steps: int, course: Course, folder: Path) -> Numbers:
    """Precision, recall, density and coverage of an article's recipe after so many steps, with seed 0."""
    with TemporaryDirectory() as place:
        run, changes = Path(place) / "run", {"metrics": "()", "training.checkpoint_every": str(steps)}
        honmono.train(article, data=str(folder / course.data), steps=steps, run=run, changes=changes)
        metrics = [name for name in course.metrics if name.startswith("prdc")]
        numbers = honmono.evaluate(run, metrics).measured.metrics
    return {key: round(value, 4) for key, value in numbers.items() if not is_detail(key)}


def keep(path: Path, kept: dict[str, Any], machine: str) -> None:
    """Compares all that is measured, and writes it."""
    loops = loop_milliseconds(machine)
    for name, course in kept["courses"].items():
        course["goals"] = {
            title: compared(with_recall(goal, kept["recall"]), course["rows"], loops)
            for title, goal in COURSES[name].goals.items()
        }
        print(json.dumps(course["goals"], indent=1), flush=True)
    write_json(path, {"what": "wall seconds to the articles' numbers, of their loops and of today"} | kept)


def with_recall(goal: Goal, recalls: Mapping[str, Mapping[str, Numbers]]) -> Goal:
    """The goal with the recall of its loop, where that is known."""
    judged = recalls.get(goal.article, {}).get(str(goal.steps), {})
    return goal._replace(numbers=goal.numbers | {key: value for key, value in judged.items() if "recall" in key})


def loop_milliseconds(machine: str) -> dict[str, float]:
    """Of one step of each article's loop, with its data in memory."""
    measured = json.loads((RESULTS / f"articles-{machine}.json").read_text(encoding="utf-8"))["rows"]
    return {row["recipe"]: row["article_ms_per_step"] for row in reversed(measured) if row["article_data"] == "memory"}


def trained(course: Course, folder: Path, seed: int) -> dict[str, Any]:
    """One training, and its numbers at each step where it is judged."""
    with TemporaryDirectory() as place:
        run = Path(place) / "run"
        in_all, seconds = seconds_of_training(course.arguments(folder, seed), run)
        curve = []
        for step in course.at:
            numbers = honmono.evaluate(run, course.metrics, checkpoint=step).measured.metrics
            rounded = {key: round(value, 4) for key, value in numbers.items() if not is_detail(key)}
            curve.append({"step": step, "seconds": round(seconds[step], 1), "numbers": rounded})
            print(json.dumps(curve[-1]), flush=True)
    return {"seed": seed, "seconds_in_all": round(in_all, 1), "curve": curve}


def compared(goal: Goal, rows: Sequence[dict[str, Any]], loops: dict[str, float]) -> dict[str, Any]:
    """Seconds to the goal with each seed, and how many times as long the article's loop takes; None: not reached."""
    seconds = [seconds_to(goal.numbers, row["curve"]) for row in rows]
    known = [one for one in seconds if one is not None]
    middle = median(known) if len(known) == len(rows) else None
    found: dict[str, Any] = {"numbers": goal.numbers, "seconds": seconds, "median": middle}
    if goal.article:
        loop = round(goal.steps * loops[goal.article] / 1e3, 1)
        found |= {"article": goal.article, "steps": goal.steps, "loop_seconds": loop}
        found |= {"times_sooner": middle and round(loop / middle, 1)}
    return found


def seconds_to(numbers: Numbers, curve: Sequence[dict[str, Any]]) -> float | None:
    """Seconds until the first checkpoint from which on all numbers hold at each."""
    since = None
    for point in curve:
        held = all(holds(key, point["numbers"][key], wanted) for key, wanted in numbers.items())
        since = (point["seconds"] if since is None else since) if held else None
    return since


def holds(key: str, value: float, wanted: float) -> bool:
    return value <= wanted if BETTER[key] == "lower" else value >= wanted


if __name__ == "__main__":
    main()
