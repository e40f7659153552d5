"""How good recipes get: trains each under several seeds, evaluates it, and keeps a row for each run.

    python benchmarks/quality.py NAME [RECIPE ...] [--seeds 3] [--first 0] [--images N | --steps N] [--data SOURCE]
        [--precision P] [--set F=V] [--metrics NAME,...]

Rows go into results/quality-NAME.json as they are made. What is there is not made again, and a run that was killed goes
on where it stopped, so the same command finishes what an earlier one began. Without recipes it only prints the table
of what is there. The last checkpoint is judged by the recipe's own metrics and by those of --metrics besides; nothing
is measured on the way, which changes no weights.
"""

import argparse
import json
import re
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import honmono
from honmono.errors import Failed, Interrupted, Refused
from honmono.evaluation.evaluate_run import Evaluation
from honmono.files import write_json
from honmono.metrics.named import metric
from honmono.recipe.override import override
from honmono.recipe.record import read_choices
from honmono.recipe.registry import find
from honmono.reports.comparison.numbers import mean_and_deviation
from honmono.runs.checkpoints import read_newest
from honmono.runs.directory import RunDirectory
from honmono.runs.environment import environment
from honmono.runs.evaluations import is_detail


RESULTS = Path(__file__).parent / "results"
WHAT = (
    "the last checkpoint of each run under the protocol beside it; seconds of training, measuring left out;"
    " cpu_seconds: what the processor gave to it, over all threads, null where a run was gone on with"
)


@dataclass(frozen=True)
class Case:
    """One recipe under one seed, with everything that the call says of it."""

    recipe: str
    seed: int
    length: tuple[str, int] | None  # ("steps" or "images", how many)
    data: str | None
    precision: str
    changes: tuple[str, ...]
    metrics: tuple[str, ...]

    @property
    def source(self) -> str | None:
        """The data as others may read it: where files of one's own lie is nobody's business."""
        if self.data is None:
            return None
        path = self.data.partition("@")[0].removeprefix("stacked-mnist:")
        return self.data.replace(path, "DIR") if Path(path).exists() else self.data

    @property
    def label(self) -> str:
        """How a row calls what was trained: data of another name tell it apart, one's own files do not."""
        told = [f"--data {self.source}"] if self.source and "DIR" not in self.source else []
        return " ".join([self.recipe, *told, *(f"--set {change}" for change in self.changes)])

    def command(self, name: str) -> str:
        """What makes this row again, and tells it from others."""
        words = ["python", "benchmarks/quality.py", name, self.recipe, "--first", str(self.seed), "--seeds", "1"]
        words += [f"--{self.length[0]}", str(self.length[1])] if self.length else []
        words += ["--data", self.source] if self.source else []
        words += ["--precision", self.precision] if self.precision != "auto" else []
        words += [word for change in self.changes for word in ("--set", change)]
        return shlex.join([*words, *(["--metrics", ",".join(self.metrics)] if self.metrics else [])])

    def run(self, root: Path) -> Path:
        """Where it is trained: a directory of its own for each case, so that a killed one is found again."""
        data = Path(self.data).name if self.data else None
        parts = [self.recipe, data, *self.changes, *(map(str, self.length or ())), self.precision, f"seed-{self.seed}"]
        return root / re.sub(r"[^\w.=-]+", "-", "-".join(part for part in parts if part))


def main(argv: Sequence[str] | None = None) -> None:
    asked = parse(argv)
    path = asked.results / f"quality-{asked.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    for case in cases(asked):
        if case.command(asked.name) in [row["command"] for row in read(path)]:
            print(f"{case.label}, seed {case.seed}: there already", flush=True)
            continue
        row = quality(case, asked.root or Path("runs") / f"quality-{asked.name}")
        add(path, row | {"command": case.command(asked.name)})
        print(f"{case.label}, seed {case.seed}: {row['seconds']:.0f} s, {row['metrics']}", flush=True)
    print(table(read(path)))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How good recipes get, over seeds.")
    parser.add_argument("name", help="of the machine, for the file's name: xeon-avx512-2-cores, say")
    parser.add_argument("recipes", nargs="*", metavar="RECIPE")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--images", type=int, help="to train for; without it or --steps, the recipe's own length")
    length.add_argument("--steps", type=int)
    parser.add_argument("--data", metavar="SOURCE", help="as for `honmono train`")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--set", action="append", default=[], metavar="F=V", help="as for `honmono train`")
    parser.add_argument("--metrics", default="", metavar="NAME,...", help="besides the recipe's own")
    parser.add_argument("--root", type=Path, help="where the runs go: runs/quality-NAME unless told")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the rows go")
    return parser.parse_args(argv)


def cases(asked: argparse.Namespace) -> list[Case]:
    lengths = [(name, value) for name in ("images", "steps") if (value := getattr(asked, name)) is not None]
    metrics = tuple(name for name in asked.metrics.split(",") if name)
    seeds = range(asked.first, asked.first + asked.seeds)
    told = (next(iter(lengths), None), asked.data, asked.precision, tuple(asked.set), metrics)
    return [Case(recipe, seed, *told) for recipe in asked.recipes for seed in seeds]


def quality(case: Case, root: Path) -> dict[str, Any]:
    """Trains one run, or goes on with it, and evaluates it."""
    changes = dict(change.split("=", 1) for change in case.changes)
    recipe = override(find(case.recipe).make(), changes)
    metrics = [*recipe.metrics, *(one for one in map(metric, case.metrics) if one.name not in names(recipe.metrics))]
    begun_before, cpu = case.run(root).exists(), time.process_time()
    trained = honmono.train(
        case.recipe,
        data=case.data,
        seed=case.seed,
        precision=case.precision,
        changes={field: value for field, value in changes.items() if field.split(".")[0] != "metrics"}
        | {"metrics": "()"},
        run=case.run(root),
        **dict([case.length] if case.length else []),
    )
    cpu = None if begun_before else round(time.process_time() - cpu, 1)
    evaluation = honmono.evaluate(trained.run.path, metrics or None)
    choices = read_choices(trained.run)
    assert choices is not None, "a run that was just trained has its environment.json"
    return {
        "recipe": case.label,
        "seed": case.seed,
        "images": trained.images,
        "steps": trained.step,
        "precision": choices.precision,
        "seconds": seconds_of(trained.run),
        "cpu_seconds": cpu,
        "metrics": {key: round(value, 5) for key, value in evaluation.measured.metrics.items()},
        "protocol": digest(evaluation),
        "hardware": {k: v for k, v in environment(()).items() if k != "command"},
    }


def names(metrics: Sequence[Any]) -> list[str]:
    return [one.name for one in metrics]


def seconds_of(run: RunDirectory) -> float:
    """What training took, over all processes that it went on in."""
    newest, _ = read_newest(run.checkpoints)
    assert newest is not None, "a trained run has a checkpoint"
    return newest.state["seconds"]


def digest(evaluation: Evaluation) -> dict[str, Any]:
    """By metric, the conditions of its numbers and how the fakes were made; not where the data lay."""
    return {
        name: record["conditions"]
        | {key: value for key, value in record["context"].items() if key.startswith("fakes.")}
        for name, record in evaluation.measured.protocol.items()
    }


def read(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []


def add(path: Path, row: dict[str, Any]) -> None:
    """Read anew, since another process may have added rows of its own meanwhile."""
    rows = [other for other in read(path) if other["command"] != row["command"]]
    rows = sorted([*rows, row], key=lambda row: (row["recipe"], row["precision"], row["images"], row["seed"]))
    write_json(path, {"what": WHAT, "rows": rows})


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, in Markdown; a table for each set of numbers."""
    kinds: dict[tuple[str, ...], dict[tuple[str, str, int], list[dict[str, Any]]]] = {}
    for row in rows:
        keys = tuple(key for key in row["metrics"] if not is_detail(key))
        same = kinds.setdefault(keys, {})
        same.setdefault((row["recipe"], row["precision"], row["images"]), []).append(row)
    return "\n\n".join(one_table(keys, groups) for keys, groups in kinds.items())


def one_table(keys: Sequence[str], groups: dict[tuple[str, str, int], list[dict[str, Any]]]) -> str:
    head = [
        "recipe",
        "precision",
        "seeds",
        "images",
        "steps",
        "seconds (fastest)",
        "CPU seconds",
        *(f"`{key}`" for key in keys),
    ]
    lines = [head, ["---"] * len(head)]
    for (recipe, precision, images), rows in groups.items():
        seeds = ", ".join(str(row["seed"]) for row in rows)
        numbers = [" ".join(mean_and_deviation([row["metrics"][key] for row in rows])).rstrip() for key in keys]
        facts = [precision, seeds, f"{images:,}", f"{rows[0]['steps']:,}", *costs(rows)]
        lines.append([f"`{recipe}`", *facts, *numbers])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def costs(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The fastest run's seconds, as others wait for a shared machine, and mean ones of the processor where known."""
    known = [row["cpu_seconds"] for row in rows if row.get("cpu_seconds") is not None]
    cpu = f"{fmean(known):.0f}" if len(known) == len(rows) else "-"
    return [f"{min(row['seconds'] for row in rows):.0f}", cpu]


if __name__ == "__main__":
    try:
        main()
    except (Refused, Failed, Interrupted) as told:
        sys.exit(str(told))
