"""How good recipes get: trains each under several seeds as a study, and keeps a row for each run.

    python benchmarks/quality.py NAME [RECIPE ...] [--seeds 3] [--first 0] [--images N | --steps N] [--data SOURCE]
        [--precision P] [--set F=V] [--metrics NAME,...]

Rows go into results/quality-NAME.json as each recipe ends. What is there is not made again, and a study that was killed
goes on where it stopped, so the same command finishes what an earlier one began. Without recipes it only prints the
table of what is there. The last checkpoint is measured by the recipe's own metrics and by those of --metrics; nothing
is measured before, which changes no weights.
"""

import argparse
import json
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import honmono
from honmono.errors import Failed, Interrupted, Refused
from honmono.files import write_json
from honmono.metrics.named import metric
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.reports.comparison.numbers import mean_and_deviation
from honmono.runs.evaluations import is_detail
from honmono.studies import Case, Moments, Study


RESULTS = Path(__file__).parent / "results"
WHAT = (
    "the last checkpoint of each run under the protocol beside it; seconds and cpu_seconds (of the processor, over all"
    " threads): of the training steps; in older rows, whose hardware has many fields, cpu_seconds is of the whole call,"
    " and null where a run was resumed"
)
KEPT = ("seed", "images", "steps", "precision", "seconds", "cpu_seconds", "protocol", "hardware", "torch", "commit")


@dataclass(frozen=True)
class Trained:
    """One recipe with everything that the call says of it, but the seeds."""

    recipe: str
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
        """The name in a row: data of another name are in it, one's own files are not."""
        data = [f"--data {self.source}"] if self.source and "DIR" not in self.source else []
        return " ".join([self.recipe, *data, *(f"--set {change}" for change in self.changes)])

    @property
    def options(self) -> list[str]:
        """The options of the command that trains it."""
        words = [f"--{self.length[0]}", str(self.length[1])] if self.length else []
        words += ["--data", self.source] if self.source else []
        words += ["--precision", self.precision] if self.precision != "auto" else []
        words += [word for change in self.changes for word in ("--set", change)]
        return [*words, *(["--metrics", ",".join(self.metrics)] if self.metrics else [])]

    def command(self, name: str, seed: int) -> str:
        """What makes a row again, and tells it from others."""
        one = ["python", "benchmarks/quality.py", name, self.recipe, "--first", str(seed), "--seeds", "1"]
        return shlex.join([*one, *self.options])

    def study(self, seeds: Sequence[int]) -> Study:
        """The study that trains it under these seeds and measures each run at its end."""
        changes: dict[str, Any] = dict(change.split("=", 1) for change in self.changes)
        own = override(find(self.recipe).make(), changes).metrics
        more = [one for one in map(metric, self.metrics) if one.name not in [each.name for each in own]]
        changes |= {"metrics": (*own, *more)}
        changes |= {"training.precision": self.precision} if self.precision != "auto" else {}
        kind, number = self.length or (None, 0)
        changes |= {"training.steps": number} if kind == "steps" else {}
        return Study(
            name="quality",
            article="none",
            asks="how good does it get?",
            facts=(),
            cases=(Case(label=self.label, recipe=self.recipe, changes=changes, seeds=tuple(seeds)),),
            moments=Moments(images=(number,) if kind == "images" else ()),
        )

    def out(self, root: Path) -> Path:
        """Where it is trained: a directory of its own for all that the call says."""
        data = [Path(self.data).name] if self.data else []
        return root / re.sub(r"[^\w.=-]+", "-", "-".join([self.recipe, *data, *self.options]))


def main(argv: Sequence[str] | None = None) -> None:
    asked = parse(argv)
    path = asked.results / f"quality-{asked.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    for one in trained(asked):
        there = {row["command"] for row in read(path)}
        missing = [seed for seed in seeds(asked) if one.command(asked.name, seed) not in there]
        print(f"{one.label}: {len(missing)} of {asked.seeds} seeds to train", flush=True)
        if missing:
            out = one.out(asked.root or Path("runs") / f"quality-{asked.name}")
            page = honmono.study(one.study(missing), out, data=one.data)
            for row in json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["rows"]:
                add(path, row_of(row, one, one.command(asked.name, row["seed"])))
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
    parser.add_argument("--root", type=Path, help="where the studies go: runs/quality-NAME by default")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the rows go")
    return parser.parse_args(argv)


def trained(asked: argparse.Namespace) -> list[Trained]:
    lengths = [(name, value) for name in ("images", "steps") if (value := getattr(asked, name)) is not None]
    metrics = tuple(name for name in asked.metrics.split(",") if name)
    rest = (next(iter(lengths), None), asked.data, asked.precision, tuple(asked.set), metrics)
    return [Trained(recipe, *rest) for recipe in asked.recipes]


def seeds(asked: argparse.Namespace) -> range:
    return range(asked.first, asked.first + asked.seeds)


def row_of(row: dict[str, Any], one: Trained, command: str) -> dict[str, Any]:
    if row["diverged"]:
        raise Failed(f"{one.label}, seed {row['seed']}: {row['diverged']}")
    metrics = {key: round(value, 5) for key, value in row["course"][-1]["metrics"].items() if value is not None}
    return {"recipe": one.label, **{name: row[name] for name in KEPT}, "metrics": metrics, "command": command}


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
