"""The protocol: what it holds of each metric, and that its numbers compare with those of earlier versions."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from honmono.data.base import DataSpec
from honmono.data.mixtures import Gaussians, Grid, Ring
from honmono.evaluation.measure import measure
from honmono.generation.model import Model
from honmono.metrics.base import Better, Evidence, Metric
from honmono.metrics.features.named import feature_network
from honmono.metrics.fid import FID
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.prdc import PRDC
from honmono.recipe.build import build_networks
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe
from honmono.runs.protocols import better, differences, record_of, upgrade


NESTED = Path(__file__).parents[1] / "runs" / "nested_protocols.jsonl"


def model_of(generator: nn.Module, recipe: Recipe, shape: tuple[int, ...], classes: tuple[str, ...] = ()) -> Model:
    return Model(generator, recipe, DataSpec(shape, classes), "average")


class Noise(nn.Module):
    """The latents as pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, latent: torch.Tensor, label: torch.Tensor | None = None) -> torch.Tensor:
        return latent.view(-1, 1, 8, 8).tanh()


def digits() -> Recipe:
    return override(find("dcgan-digits").make(), find("dcgan-digits").tiny)


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The protocol of fid and labels through mnist's network."""
    path = tmp_path_factory.mktemp("data") / "stored.npz"
    random = np.random.default_rng(0)
    np.savez(path, images=random.integers(256, size=(300, 8, 8), dtype=np.uint8))
    metrics = [FID(features="mnist", fakes=200), LabelFidelity(features="mnist", fakes=40)]
    call: dict[str, Any] = {"seeds": (0, 1), "reference": str(path)}
    model = model_of(Noise(), digits(), (1, 8, 8), tuple("0123456789")).with_truncation(0.5)
    return dict(measure(model, metrics, **call).protocol)


def test_everything_that_makes_a_number_is_recorded(pictured: dict[str, Any]) -> None:
    assert json.loads(json.dumps(pictured, allow_nan=False)) == pictured
    record = pictured["fid[mnist]"]
    conditions, context = dict(record["conditions"]), dict(record["context"])
    assert len(conditions.pop("reals.content")) == 32
    assert conditions == {
        "metric": "fid[mnist]",
        "fakes": 200,
        "features": "mnist",
        "reals": 10_000,
        "fakes.truncation": 0.5,
        "fakes.quantized": "uint8",
        "features.checksum": feature_network("mnist").checksum(),
        "features.input": "1x28x28",
        "reals.total": 300,
    }
    assert context.pop("reals.source").endswith("stored.npz")
    versions = {name for name in context if name.startswith("versions.")}
    assert {"versions.honmono", "versions.torch", "versions.numpy"} <= versions
    assert {name: value for name, value in context.items() if name not in versions} == {
        "fakes.seeds": [0, 1],
        "fakes.weights": "average",
        "fakes.batch_norm": "running",
        "fakes.batch_size": 8,
        "fakes.labels": "in turn",
        "device": "cpu",
        "precision": "float32",
        "features.resizing": "antialiased bilinear 8 -> 28",
        "reals.count": 300,
    }
    assert better("fid[mnist]", record) == "lower"


def test_reals_are_recorded_of_metrics_that_look_at_them(pictured: dict[str, Any]) -> None:
    record = record_of("label_fidelity[mnist].7", pictured)
    assert record["conditions"]["metric"] == "labels[mnist]" and "features.checksum" in record["conditions"]
    assert not any(name.startswith("reals") for part in ("conditions", "context") for name in record[part])


def test_mixtures_are_told_apart_by_their_modes(saying: Callable[..., nn.Module]) -> None:
    def record(**data: Any) -> Any:
        recipe: Recipe = replace(find("gan-grid").make(), **data)
        return measure(model_of(saying(lambda z: z[:, :2]), recipe, (2,)), [ModeCoverage(fakes=9)]).protocol["modes"]

    grid = record(data=Grid())
    assert grid["conditions"]["data.modes"] == 25 and grid["conditions"]["data.sigma"] == 0.05
    assert "fakes.quantized" not in grid["conditions"] and "fakes.labels" not in grid["context"]
    centres = tuple((float(x), float(y)) for x, y in Grid().means())
    assert differences(grid, record(data=Gaussians(centres=centres, sigma=0.05))) == {}
    assert list(differences(grid, record(data=Grid(sigma=0.1)))) == ["data.sigma"]
    assert list(differences(grid, record(data=Ring(sigma=0.05)))) == ["data.means", "data.modes"]


def test_another_sampler_than_the_recipe_s_is_a_condition_as_truncation_is() -> None:
    recipe = override(find("flow-grid").make(), {**find("flow-grid").tiny, "data.samples": "100"})
    model = model_of(build_networks(recipe, DataSpec((2,), ()))["generator"], recipe, (2,))
    own, fewer, guided = (
        measure(one, [ModeCoverage(fakes=9)]).protocol["modes"]
        for one in (model, model.with_sampler(steps=1), model.with_sampler(solver="euler"))
    )
    assert [one["context"]["fakes.evaluations"] for one in (own, fewer, guided)] == [4, 2, 2]
    assert own["context"]["fakes.sampled_by"] == "ODE(steps=2, guidance=1.0, solver='heun')"
    assert "fakes.sampler" not in own["conditions"]
    assert list(differences(own, fewer)) == list(differences(fewer, guided)) == ["fakes.sampler"]


def stored(line: int) -> Any:
    """The protocol of a line that an earlier version wrote."""
    return upgrade(json.loads(NESTED.read_text().splitlines()[line])["protocol"])


def test_pictures_are_comparable_with_lines_of_earlier_versions() -> None:
    metrics = [FID(features="digits", fakes=200), PRDC(features="digits", fakes=200)]
    protocol = measure(model_of(Noise(), digits(), (1, 8, 8), tuple("0123456789")), metrics).protocol
    for key in ("fid[digits]", "recall[digits]"):
        before, now = record_of(key, stored(0)), record_of(key, protocol)
        assert now["conditions"] == before["conditions"] and now["better"] == before["better"]
        assert {name for name in before["context"] if name != "versions.torchmetrics"} <= now["context"].keys()


def test_points_are_comparable_with_lines_of_earlier_versions(saying: Callable[..., nn.Module]) -> None:
    recipe = find("gan-grid").make()
    protocol = measure(model_of(saying(lambda z: z[:, :2]), recipe, (2,)), [ModeCoverage(fakes=100)]).protocol
    assert protocol["modes"]["conditions"] == stored(7)["modes"]["conditions"]
    assert protocol["modes"]["context"].keys() == stored(7)["modes"]["context"].keys()


@dataclass(frozen=True, kw_only=True)
class Counted(Metric):
    """A metric of a user's own, with fields that JSON has no word for."""

    kind: ClassVar[str] = "counted"
    radius: float = math.inf
    means: tuple[tuple[float, float], ...] = ((1.0, math.nan),)
    device: str = "any"

    @property
    def name(self) -> str:
        return self.kind

    def keys(self) -> dict[str, Better]:
        return {"counted": "higher"}

    def measure(self, evidence: Evidence) -> dict[str, float]:
        return {"counted": float(len(evidence.points(self.fakes)))}


def test_fields_of_a_users_metric_are_conditions(saying: Callable[..., nn.Module]) -> None:
    recipe = find("gan-grid").make()
    protocol = measure(model_of(saying(lambda z: z[:, :2]), recipe, (2,)), [Counted(fakes=9)]).protocol
    conditions = protocol["counted"]["conditions"]
    assert (conditions["radius"], conditions["means"]) == ("inf", [[1.0, "nan"]])
    assert conditions["device"] == "any" and protocol["counted"]["context"]["device"] == "cpu"
