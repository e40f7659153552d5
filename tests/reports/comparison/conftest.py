"""Run directories written by hand, as training and `honmono evaluate` write them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honmono.files import write_json
from honmono.metrics.named import metric
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.images import grid, save_png
from honmono.runs.log import Log


Maker = Callable[..., RunDirectory]
RECIPE = {
    "$class": "Recipe",
    "latent": {"$class": "Normal", "dim": 4},
    "training": {"$class": "Training", "steps": 20, "seed": 0},
}
ENGINE = {"device": "cpu", "precision": "fp32", "processes": 1, "threads": 1}
ENVIRONMENT = {"command": "honmono train gan-grid", "torch": "2.13.0", "cpu": "A processor", "cores": 2, "devices": []}


def keys_of(name: str) -> Mapping[str, str]:
    """The numbers of a metric, and which of them are better; of somebody's own, one of which neither is."""
    return {name: "neither"} if name == "mine" else metric(name).keys()


def through(name: str, content: str) -> dict[str, Any]:
    """The conditions of a metric that looks at reals through a network."""
    if "[" not in name:
        return {}
    network = {"features": name.partition("[")[2].rstrip("]"), "features.checksum": "abc"}
    return network | {"reals": 50, "reals.content": content}


@pytest.fixture
def protocol() -> Callable[..., dict[str, Any]]:
    """Makes a protocol as an evaluation records it: names of metrics, then how the fakes were made."""

    def made(*names: str, fakes: int = 100, content: str = "c0ffee", **others: Any) -> dict[str, Any]:
        context = {"fakes.seeds": [0], "fakes.weights": "raw", "fakes.batch_norm": "running", "device": "cpu"}
        context |= {f"fakes.{name}": value for name, value in others.items()}
        return {
            name: {
                "better": keys_of(name),
                "conditions": {"metric": name, "fakes": fakes} | through(name, content),
                "context": context | {"precision": "float32", "versions.torch": "2.13.0"},
            }
            for name in names
        }

    return made


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """Makes a run that has trained for 20 steps of 10 images and 0.1 s."""

    def run(
        name: str, recipe: str = "gan-grid", fields: Mapping[str, Any] | None = None, **environment: Any
    ) -> RunDirectory:
        made = RunDirectory.create_at(tmp_path / name)
        first = ENVIRONMENT | {"engine": ENGINE, "data": "da7a", "resumed": []} | environment
        write_json(made.environment_json, first)
        write_json(made.recipe_json, {"name": recipe, "recipe": RECIPE | dict(fields or {})})
        rows = [
            {"step": step, "images": 10 * step, "seconds": 0.1 * step, "generator.fake": 1 / step}
            for step in (1, 10, 20)
        ]
        with Log(made) as log:
            log.append(rows)
        for number, sample in enumerate((made.samples / "real.png", made.sample(0), made.sample(20))):
            save_png(grid(np.full((4, 1, 8, 8), 60 * number, np.uint8), 2), sample)
        return made

    return run


@pytest.fixture
def measure() -> Callable[..., None]:
    """Adds an evaluation to a run, as of training where there is a `best_by`."""

    def add(
        run: RunDirectory,
        metrics: Mapping[str, float],
        made_by: Mapping[str, Any],
        step: int = 20,
        spread: float = 0.0,
        best_by: Mapping[str, Any] | None = None,
    ) -> None:
        ends = {key: (value - spread, value + spread) for key, value in metrics.items()} if spread else {}
        how = {"metrics": metrics, "intervals": ends, "protocol": made_by, "best_by": best_by}
        evaluations.append(run, evaluations.line(run, step, 10 * step, seconds=1.5, **how))

    return add
