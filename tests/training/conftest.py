"""Runs of small trainings, and metrics that do as they are told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
import torch

import honmono
from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence, Metric
from honmono.metrics.modes import ModeCoverage
from honmono.recipe.value import Recipe
from honmono.runs.directory import RunDirectory


@dataclass(frozen=True, kw_only=True)
class Scripted(Metric):
    """A metric of a user's own that gives these values one after the other, and then does what a metric might."""

    kind: ClassVar[str] = "scripted"
    given: ClassVar[int] = 0

    key: str = "scripted[mnist]"
    values: tuple[float, ...] = (1.0,)
    then: Literal["", "refuse", "break"] = ""
    better: Better = "higher"

    @property
    def name(self) -> str:
        return self.key

    def keys(self) -> dict[str, Better]:
        return {self.key: self.better, f"{self.key}.part": self.better}

    def measure(self, evidence: Evidence) -> dict[str, float]:
        assert len(evidence.points(self.fakes)) == self.fakes
        torch.rand(3)  # what it draws from the default generator is its own affair
        if self.then == "refuse":
            raise Refused("the generator draws nothing at all")
        if self.then == "break":
            raise KeyError("slip")
        value = self.values[Scripted.given % len(self.values)]
        Scripted.given += 1
        return {self.key: value, f"{self.key}.part": -value}


@pytest.fixture
def scripted() -> Callable[..., Metric]:
    """Makes a metric that gives these values one after the other; other fields by name."""
    Scripted.given = 0
    return lambda *values, **fields: Scripted(fakes=20, values=values or (1.0,), **fields)


@pytest.fixture
def train(points: Recipe, tmp_path: Path) -> Callable[..., RunDirectory]:
    """16 steps of 16 points each, or so many, in the directory of that name."""

    def call(
        name: str = "run", steps: int = 16, metrics: Sequence[Metric] = (ModeCoverage(fakes=50),), **training: Any
    ) -> RunDirectory:
        often = {"log_every": 5, "checkpoint_every": 4, "sample_every": 100, "measure_images": 50}
        recipe = replace(points, metrics=tuple(metrics), training=replace(points.training, **(often | training)))
        honmono.train(recipe, run=tmp_path / name, steps=steps, device="cpu", precision="fp32", compile="off")
        return RunDirectory(tmp_path / name)

    return call
