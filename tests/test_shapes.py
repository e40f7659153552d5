"""The shape checks that tests run under: they bite, and they leave `torch.compile` alone."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jaxtyping
import pytest
import torch


SOURCE = """
from dataclasses import dataclass, replace
import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True)
class Scale:
    by: float = 1.0

    def __call__(self, sample: Float[Tensor, "batch width"]) -> Float[Tensor, "batch width"]:
        return self.by * sample


class Squares(nn.Module):
    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.scale = scale

    def forward(self, sample: Float[Tensor, "batch width"]) -> dict[str, Float[Tensor, "batch"]]:
        slope = torch.func.grad(lambda x: self.scale(self.linear(x)).sum())(sample)
        return {"value": self.linear(sample).square().sum(1), "slope": slope.square().sum(1)}


def no_shapes(anything):
    return anything
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("package")
    Path(folder, "shaped_module.py").write_text(SOURCE)
    hook: Any = jaxtyping.install_import_hook("shaped_module", "beartype.beartype")
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("shaped_module")
    finally:
        sys.path.remove(str(folder))
        hook.uninstall()


def test_a_wrong_shape_is_caught(module: ModuleType) -> None:
    with pytest.raises(jaxtyping.TypeCheckError, match="sample"):
        module.Scale()(torch.zeros(3))


def test_frozen_dataclasses_stay_what_they_are(module: ModuleType) -> None:
    assert module.replace(module.Scale(), by=2) == module.Scale(2.0)
    assert hash(module.Scale(2.0)) == hash(module.Scale(2.0))


def test_functions_without_shapes_are_untouched(module: ModuleType) -> None:
    assert module.no_shapes.__code__.co_filename == module.__file__


def test_compiled_and_eager_agree_in_one_graph(module: ModuleType) -> None:
    squares, sample = module.Squares(module.Scale(3.0)), torch.randn(4, 3)
    compiled = torch.compile(squares, backend="aot_eager", fullgraph=True)(sample)
    torch.testing.assert_close(compiled, squares(sample))
    (compiled["value"] + compiled["slope"]).sum().backward()
    assert squares.linear.weight.grad is not None
