"""Times recipes' steps against the articles' own loops, which benchmarks/articles/ holds, independent of honmono.

    python benchmarks/against_articles.py MACHINE [RECIPE ...] [--device D] [--no-compile] [--seconds S]

It writes results/articles-MACHINE.json: median milliseconds of a step, interleaved in one process, and where the time
of a step goes. Ours is measured as registered and with the other choices that `honmono train` has (fp32, compiled
losses, compiled steps), the article's with its data in memory and with its own loader. Both train on the same noise, of
as many pictures as the article's. Not a part of `honmono bench`, since the package cannot import what is independent of
it and not installed.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from breakdown import PARTS, breakdown

from honmono.benchmark import timing
from honmono.data.choose import with_source
from honmono.data.mixtures import Mixture
from honmono.devices import Choices, choose
from honmono.files import write_json
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe
from honmono.runs.environment import environment
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


class Article(NamedTuple):
    """A module of articles/, and the shape and the number of the pictures that it trains on; none for points."""

    module: str
    shape: tuple[int, ...] = ()
    pictures: int = 0


ARTICLES = {
    "realness-cifar10-article": Article("realness_gan", (32, 32, 3), 50_000),
    "gan-mnist-article": Article("mlp_gan", (28, 28), 60_000),
    "pggan-mnist-article": Article("pggan", (28, 28), 60_000),
    "cgan-mnist-article": Article("conditional_gan", (28, 28), 55_000),
    "wgan-grid-article": Article("wgan"),
    "dcgan-mnist-article": Article("dcgan", (28, 28), 30_000),
}
DATA = ("memory", "article")
PROFILED = 5  # steps


def measure(
    name: str, device: str, compiles: bool, folder: Path
) -> tuple[list[dict[str, Any]], dict[str, dict[str, float]]]:
    """Rows of one recipe, and the parts of a step of ours and of the article's."""
    recipe, samples, labels = on_same_data(name, folder)
    loop = importlib.import_module(f"articles.{ARTICLES[name].module}").loop
    theirs = {data: as_published(loop(samples, labels, data, device=device)) for data in DATA}
    their_gflop = {data: gflop_of(step) for data, step in theirs.items()}  # their first steps, a warm-up too
    dataset = recipe.data.open()
    rates = {"fp32": timing.matmul_rate(Engine(choose(device, "fp32")))}
    rows: list[dict[str, Any]] = []
    parts: dict[str, dict[str, float]] = {}
    for choices in settings(recipe, device, compiles):
        engine = Engine(choices)
        if choices.precision not in rates:
            rates[choices.precision] = timing.matmul_rate(engine)
        trainer = Trainer(recipe, dataset, engine)
        trainer.step()
        gflop = timing.gflop_of_step(recipe, dataset, engine)
        for data in DATA if not rows else ("memory",):
            ours, article = timing.interleaved(trainer.step, theirs[data], engine.finish)
            row = {"recipe": name, "batch_size": recipe.training.batch_size, "device": choices.device}
            row |= {"precision": choices.precision, "compile": choices.compile, "threads": choices.threads}
            row |= {"article_data": data, "ms_per_step": round(ours * 1e3, 3)}
            row |= {"article_ms_per_step": round(article * 1e3, 3), "ratio": round(article / ours, 3)}
            row |= {"gflop": round(gflop, 4), "article_gflop": round(their_gflop[data], 4)}
            row |= {"fraction_of_matmul_rate": round(gflop / ours / rates[choices.precision], 4)}
            rows.append(row | {"article_fraction": round(their_gflop[data] / article / rates["fp32"], 4)})
        if not parts and choices.device == "cpu":
            steps = {"ours": trainer.step} | {f"article, data of {data}": step for data, step in theirs.items()}
            parts = {whose: breakdown(step, PROFILED) for whose, step in steps.items()}
    return rows, parts


def gflop_of(step: Callable[[], Any]) -> float:
    """Gflop of matrix products and convolutions in one step."""
    with timing.Arithmetic() as counted:
        step()
    return counted.flops / 1e9


def on_same_data(name: str, folder: Path) -> tuple[Recipe, np.ndarray, np.ndarray | None]:
    """A recipe on the samples and labels that its article's loop takes, too."""
    article, recipe, random = ARTICLES[name], find(name).make(), np.random.default_rng(0)
    if isinstance(recipe.data, Mixture):
        assert recipe.data.samples is not None, "the article's points are a finite set"
        return recipe, recipe.data.open().gather(np.arange(recipe.data.samples), random).real.numpy(), None
    pictures = random.integers(256, size=(article.pictures, *article.shape), dtype=np.uint8)
    labels = np.arange(article.pictures) % 10
    path = folder / f"{name}.npz"
    np.savez(path, images=pictures, labels=labels)
    return replace(recipe, data=with_source(recipe.data, str(path), name)), pictures, labels


def settings(recipe: Recipe, device: str, compiles: bool) -> Iterator[Choices]:
    """As registered, and then every other precision and compilation that `honmono train` would take here."""
    automatic = choose(device, recipe_precision=recipe.training.precision)
    yield automatic
    for precision in dict.fromkeys((automatic.precision, "fp32")):
        for compiled in ("off", "losses", "step") if compiles else ("off",):
            choices = choose(device, precision, compiled)
            if choices != automatic:
                yield choices


def as_published(loop: Iterator[Any]) -> Callable[[], Any]:
    """A step of a loop without the deterministic kernels that our engine turns on for the whole process."""

    def step() -> Any:
        deterministic = torch.are_deterministic_algorithms_enabled()
        torch.use_deterministic_algorithms(False)
        losses = next(loop)
        torch.use_deterministic_algorithms(deterministic, warn_only=True)
        return losses

    return step


def table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(str(row[column]) for column in columns) + " |" for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description="Times recipes' steps against their articles' own loops.")
    parser.add_argument("machine", help="for the file's name: epyc-2-cores, say")
    parser.add_argument("recipes", nargs="*", help=f"of {', '.join(ARTICLES)}; all by default")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--no-compile", action="store_true", help="without the rows of compiled losses and steps")
    parser.add_argument("--seconds", type=float, default=timing.BLOCK_SECONDS, help="of each of the alternating blocks")
    asked = parser.parse_args()
    if unknown := [name for name in asked.recipes if name not in ARTICLES]:
        parser.error(f"no article's loop for {', '.join(unknown)}: use {', '.join(ARTICLES)}")
    timing.BLOCK_SECONDS = asked.seconds
    result: dict[str, Any] = {"what": "median ms per step, ours and the article's loop, interleaved"}
    result |= {
        "hardware": environment(["benchmarks/against_articles.py", *sys.argv[1:]]),
        "rounds": timing.ROUNDS,
        "block_seconds": asked.seconds,
    }
    rows, parts = [], {}
    with TemporaryDirectory() as folder:
        os.environ["HONMONO_CACHE"] = folder
        for name in asked.recipes or ARTICLES:
            found, parts[name] = measure(name, asked.device, not asked.no_compile, Path(folder))
            rows += found
            print(table(tuple(rows[0]), found), flush=True)
            print(table(("whose step", *PARTS), [{"whose step": one, **ms} for one, ms in parts[name].items()]))
    write_json(
        Path(__file__).parent / "results" / f"articles-{asked.machine}.json",
        result | {"rows": rows, "ms_by_part": parts},
    )


if __name__ == "__main__":
    main()
