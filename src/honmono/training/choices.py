"""Device, precision, compilation, layout and threads of a new run: as given, as `honmono tune` found, or by rules."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from honmono.data.cache import cache_dir
from honmono.devices import Choices, choose
from honmono.files import write_json
from honmono.recipe.serialize import to_json
from honmono.recipe.value import Recipe
from honmono.runs.environment import environment
from honmono.training.options import TrainOptions


TUNED = ("precision", "compile", "layout", "threads")
# What a step's time does not depend on; all other fields of a recipe say which one is tuned.
SAME_STEP = {
    "data": ("source", "limit", "order", "drop_last", "oversample", "draw_seed", "samples"),
    "training": (
        *("steps", "seed", "learning_rates", "log_every", "sample_every", "checkpoint_every", "keep", "best"),
        "measure_images",
    ),
}
NOT_TRAINED = ("metrics", "grids", "sampler", "sampling")


def choices_for(recipe: Recipe, options: TrainOptions) -> tuple[Choices, list[str]]:
    """The choices of a new run, and a line for the user where `honmono tune` made some of them."""
    plain = plain_choices(recipe, options)
    found = read_tuning(recipe, plain) if options.tune and plain.processes == 1 else None
    if found is None:
        return plain, []
    given = {"precision": options.precision, "compile": options.compile, "layout": options.layout}
    kept = {name for name, value in given.items() if value != "auto"}
    kept |= {"precision"} if recipe.training.precision != "auto" else set()
    kept |= {"threads"} if "OMP_NUM_THREADS" in os.environ else set()
    chosen = replace(plain, **{name: found[name] for name in TUNED if name not in kept})
    speed = f"{found['ratio']:.2f} times the plain path's speed"
    return chosen, [f"tuned: {describe(chosen)} ({speed}; --no-tune goes without)"]


def plain_choices(recipe: Recipe, options: TrainOptions) -> Choices:
    """The choices of a run that is not tuned."""
    precision = recipe.training.precision
    return choose(options.device, options.precision, options.compile, precision, options.layout)


def describe(choices: Choices) -> str:
    """Choices in words: "fp32, channels-last, compiled steps, threads: 2"."""
    compiled = {"off": "", "losses": ", compiled losses", "step": ", compiled steps"}[choices.compile]
    return f"{choices.precision}, {choices.layout}{compiled}, threads: {choices.threads}"


def tuning_file() -> Path:
    """Where the results of `honmono tune` are kept on this machine."""
    return cache_dir() / "tuning.json"


def read_tuning(recipe: Recipe, choices: Choices) -> dict[str, Any] | None:
    """What `honmono tune` found for such a recipe on such a machine; None where it was not run."""
    try:
        found = json.loads(tuning_file().read_text(encoding="utf-8"))[_key(recipe, choices)]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) and {*TUNED, "ratio"} <= {*found} else None


def write_tuning(recipe: Recipe, choices: Choices, best: Choices, ratio: float) -> None:
    """Keeps the best choices of a recipe. choices: any on the same device."""
    path = tuning_file()
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {name: getattr(best, name) for name in TUNED} | {"ratio": round(ratio, 3)}
    write_json(path, known | {_key(recipe, choices): found})


def _key(recipe: Recipe, choices: Choices) -> str:
    """A recipe's shapes, the machine and the versions, as a hash."""
    fields = {name: value for name, value in to_json(recipe).items() if name not in NOT_TRAINED}
    for name, left_out in SAME_STEP.items():
        fields[name] = {k: v for k, v in fields[name].items() if k not in left_out}
    here = environment([])
    machine = {name: here[name] for name in ("cpu", "cpu_capability", "cores", "devices", "torch", "honmono")}
    text = json.dumps([fields, machine, torch.device(choices.device).type], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
