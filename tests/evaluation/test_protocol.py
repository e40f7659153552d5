"""The protocol record: what it holds, what keeps two numbers apart, and how it is told."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from honmono.data.mixtures import Gaussians, Grid, Ring
from honmono.evaluation.measure import measure
from honmono.evaluation.protocol import told
from honmono.metrics.features.named import feature_network
from honmono.metrics.fid import FID
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.modes import ModeCoverage
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe
from honmono.runs.protocols import better, differences, giver


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The protocol of fid and labels through mnist's network."""

    class Noise(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, latent: torch.Tensor, label: torch.Tensor | None = None) -> torch.Tensor:
            return latent.view(-1, 1, 8, 8).tanh()

    path = tmp_path_factory.mktemp("data") / "stored.npz"
    random = np.random.default_rng(0)
    np.savez(path, images=random.integers(256, size=(300, 8, 8), dtype=np.uint8))
    recipe = override(find("dcgan-digits").make(), find("dcgan-digits").tiny)
    metrics = [FID(features="mnist", fakes=200), LabelFidelity(features="mnist", fakes=40)]
    return measure(
        Noise(), recipe, tuple("0123456789"), (1, 8, 8), metrics, seeds=(0, 1), reference=str(path), truncation=0.5
    ).protocol


@pytest.fixture
def other(pictured: dict[str, Any]) -> dict[str, Any]:
    """The same again, to be changed."""
    return copy.deepcopy(pictured)


def test_everything_that_makes_the_numbers_is_recorded(pictured: dict[str, Any]) -> None:
    assert json.loads(json.dumps(pictured, allow_nan=False)) == pictured
    reals = pictured["reals"]["mnist"]
    assert reals["source"].endswith("stored.npz") and len(reals["content"]) == 32
    assert (reals["split"], reals["count"], reals["total"]) == (None, 300, 300)
    assert pictured["fakes"] == {
        "count": {"fid[mnist]": 200, "labels[mnist]": 40},
        "seeds": [0, 1],
        "weights": "average",
        "batch_norm": "running",
        "batch_size": 8,
        "truncation": 0.5,
        "quantized": "uint8",
        "labels": "in turn",
    }
    checksum = feature_network("mnist").checksum()
    resizing = "antialiased bilinear 8 -> 28"
    assert pictured["features"] == {"mnist": {"checksum": checksum, "input": "1x28x28", "resizing": resizing}}
    assert pictured["metrics"]["fid[mnist]"] == {"fakes": 200, "reals": 10_000, "features": "mnist"}
    assert giver("fid[mnist]", pictured) == "fid[mnist]" and better("fid[mnist]", pictured) == "lower"
    assert giver("label_fidelity[mnist].7", pictured) == "labels[mnist]"
    assert {"honmono", "torch", "numpy"} == pictured["versions"].keys()
    assert (pictured["device"], pictured["precision"]) == ("cpu", "float32")


def test_it_is_told_in_a_paragraph(pictured: dict[str, Any]) -> None:
    text = told(pictured)
    reals, checksum = pictured["reals"]["mnist"], pictured["features"]["mnist"]["checksum"]
    assert "\n" not in text
    assert text.startswith(
        "40 or 200 fakes, seeds 0, 1, averaged weights, batch norm running, truncation 0.5, labels in turn, quantized "
        f"to uint8; 300 of 300 reals of {reals['source']} (content {reals['content'][:8]}) for mnist; features mnist "
        f"(sha {checksum[:8]}, 1x28x28, fakes resized: antialiased bilinear 8 -> 28); float32 on cpu, honmono "
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("reals.mnist.content", "0" * 32),
        ("reals.mnist.split", "test"),
        ("features.mnist.checksum", "0" * 64),
        ("fakes.truncation", None),
        ("fakes.quantized", None),
        ("metrics.fid[mnist].fakes", 10_000),
        ("metrics.fid[mnist].reals", 500),
    ],
)
def test_what_makes_other_numbers_keeps_them_apart(
    pictured: dict[str, Any], other: dict[str, Any], path: str, value: Any
) -> None:
    put(other, path, value)
    assert differences(pictured, other) == [path] == differences(other, pictured)
    assert differences(pictured, other, "fid[mnist]") == [path]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("reals.mnist.source", "elsewhere"),
        ("reals.mnist.count", 100),
        ("fakes.weights", "raw"),
        ("fakes.batch_norm", "batch"),
        ("fakes.labels", None),
        ("fakes.seeds", [0]),
        ("features.mnist.resizing", "none"),
        ("versions.torch", "2.11"),
        ("device", "cuda"),
        ("precision", "float64"),
    ],
)
def test_what_is_only_told_does_not(pictured: dict[str, Any], other: dict[str, Any], path: str, value: Any) -> None:
    put(other, path, value)
    assert differences(pictured, other) == []


def test_what_only_one_side_measured_makes_no_difference(pictured: dict[str, Any], other: dict[str, Any]) -> None:
    del other["metrics"]["labels[mnist]"], other["fakes"]["count"]["labels[mnist]"]
    other["metrics"]["kid[cifar10]"] = {"fakes": 3}
    other["features"]["cifar10"] = {"checksum": "x"}
    assert differences(pictured, other) == []


def test_reals_matter_only_to_those_that_look_at_them(pictured: dict[str, Any], other: dict[str, Any]) -> None:
    put(other, "reals.mnist.content", "0" * 32)
    put(other, "metrics.fid[mnist].fakes", 3)
    assert differences(pictured, other, "labels[mnist]") == []
    assert differences(pictured, other, "fid[mnist]") == ["metrics.fid[mnist].fakes", "reals.mnist.content"]


def test_mixtures_are_told_by_their_modes(saying: Callable[..., nn.Module]) -> None:
    def protocol(**data: Any) -> dict[str, Any]:
        recipe: Recipe = replace(find("gan-grid").make(), **data)
        return measure(saying(lambda z: z[:, :2]), recipe, (), (2,), [ModeCoverage(fakes=9)]).protocol

    grid = protocol(data=Grid())
    assert grid["data"]["modes"] == 25 and grid["data"]["sigma"] == 0.05
    assert grid["fakes"]["quantized"] is None and grid["reals"] == grid["features"] == {}
    assert "25 modes of sigma 0.05 (means " in told(grid)
    centres = tuple((float(x), float(y)) for x, y in Grid().means())
    assert differences(grid, protocol(data=Gaussians(centres=centres, sigma=0.05))) == []
    assert differences(grid, protocol(data=Grid(sigma=0.1))) == ["data.sigma"]
    assert differences(grid, protocol(data=Ring(sigma=0.05))) == ["data.means", "data.modes"]


def test_a_protocol_that_lacks_a_field_differs_in_it(pictured: dict[str, Any], other: dict[str, Any]) -> None:
    del other["fakes"]["truncation"], other["device"]
    assert differences(pictured, other) == ["fakes.truncation"]


def put(protocol: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for name in way:
        protocol = protocol[name]
    protocol[last] = value
