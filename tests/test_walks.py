"""How far it is from a verb to what it is for: the files and functions of the package on the stack.

docs/how-it-works.md lists the same walks for readers.
"""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar

from torch import Tensor

import honmono
from honmono.data.base import DataSpec
from honmono.metrics.base import Better, Evidence, Metric
from honmono.objectives.base import Step
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe import Recipe
from honmono.recipe.build import build_networks
from honmono.recipe.override import override
from honmono.recipe.registry import find


PACKAGE = Path(honmono.__file__).parent


Walk = list[tuple[str, str]]


def walk(frame: FrameType | None = None) -> Walk:
    """File and function of every frame of the package, from the verb to here (or to `frame`)."""
    frame, found = frame or inspect.currentframe(), Walk()
    while frame is not None:
        if Path(frame.f_code.co_filename).is_relative_to(PACKAGE):
            found.append((Path(frame.f_code.co_filename).relative_to(PACKAGE).as_posix(), frame.f_code.co_name))
        frame = frame.f_back
    return found[::-1]


def walks_to(file: str, function: str, work: Callable[[], Any]) -> tuple[Walk, Walk]:
    """The functions of the package that `work` calls itself, and the walk to the first call of `function` in `file`."""
    called, first = Walk(), Walk()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or not frame.f_code.co_filename.startswith(str(PACKAGE)):
            return
        frames = walk(frame)
        if len(frames) == 1 and frames[0][1] != "<module>":
            called.append(frames[0])
        if frames[-1] == (file, function) and not first:
            first.extend(frames)

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return called, first


def tiny_points() -> Recipe:
    entry = find("gan-grid")
    return replace(override(entry.make(), {**entry.tiny, "data.samples": "44"}), metrics=())


@dataclass(frozen=True)
class Walked(NonSaturating):
    """Notes the way to each of its losses."""

    walks: list[Walk] = field(default_factory=list, compare=False)

    def discriminator_loss(self, step: Step) -> Mapping[str, Tensor]:
        self.walks.append(walk())
        return super().discriminator_loss(step)


def test_from_train_to_a_loss_in_three_calls(tmp_path: Path) -> None:
    objective = Walked()
    honmono.train(replace(tiny_points(), objective=objective), steps=1, run=tmp_path / "run")
    assert objective.walks[-1] == [
        ("training/train.py", "train"),
        ("training/trainer.py", "fit"),
        ("training/trainer.py", "step"),
    ]


def test_from_evaluate_to_a_number_in_three_files(tmp_path: Path) -> None:
    found: list[Walk] = []

    @dataclass(frozen=True, kw_only=True)
    class Reached(Metric):
        kind: ClassVar[str] = "reached"

        @property
        def name(self) -> str:
            return "reached"

        def keys(self) -> dict[str, Better]:
            return {"reached": "higher"}

        def measure(self, evidence: Evidence) -> dict[str, float]:
            found.append(walk())
            return {"reached": 1.0}

    run = honmono.train(tiny_points(), steps=1, run=tmp_path / "run").run
    honmono.evaluate(run.path, [Reached(fakes=20)])
    assert {file for file, _ in found[0]} == {"evaluation/evaluate_run.py", "evaluation/measure.py"}


def test_from_a_recipe_s_name_to_its_networks_in_three_calls() -> None:
    def networks() -> None:
        build_networks(find("gan-grid").make(), DataSpec((2,), ()))

    called, to_network = walks_to("networks/mlp.py", "__init__", networks)
    assert called == [
        ("recipe/registry.py", "find"),
        ("recipes/gan.py", "gan_grid"),
        ("recipe/build.py", "build_networks"),
    ]
    assert {file for file, _ in to_network} == {"recipe/build.py", "networks/mlp.py"}


def test_from_a_checkpoint_to_a_picture_in_three_files(tmp_path: Path) -> None:
    run = honmono.train(tiny_points(), steps=1, run=tmp_path / "run").run
    load = honmono.load
    called, to_sample = walks_to("networks/mlp.py", "forward", lambda: load(run.path).sample(2))
    assert called == [("generation/load.py", "load"), ("generation/load.py", "sample")]
    assert {file for file, _ in to_sample} == {"generation/load.py", "generation/model.py", "networks/mlp.py"}
