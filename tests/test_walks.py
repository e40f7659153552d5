"""How far it is from a verb to what it is for: the files and functions of the package on the stack."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from torch import Tensor

import honmono
from honmono.metrics.base import Better, Evidence, Metric
from honmono.objectives.base import Step
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe import Recipe
from honmono.recipe.override import override
from honmono.recipe.registry import find


PACKAGE = Path(honmono.__file__).parent


def walk() -> list[tuple[str, str]]:
    """File and function of every frame of the package, from the verb to here."""
    frames = [(Path(frame.filename), frame.function) for frame in reversed(inspect.stack(0))]
    return [(path.relative_to(PACKAGE).as_posix(), name) for path, name in frames if path.is_relative_to(PACKAGE)]


def tiny_points() -> Recipe:
    entry = find("gan-grid")
    return replace(override(entry.make(), {**entry.tiny, "data.samples": "44"}), metrics=())


@dataclass(frozen=True)
class Walked(NonSaturating):
    """Notes the way to each of its losses."""

    walks: list[list[tuple[str, str]]] = field(default_factory=list, compare=False)

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
    found: list[list[tuple[str, str]]] = []

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
