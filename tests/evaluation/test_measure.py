"""Measuring: shared evidence, means and intervals over seeds, and known numbers of known generators."""

import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from honmono.data.base import DataSpec
from honmono.data.mixtures import Grid
from honmono.errors import Failed, Refused
from honmono.evaluation.measure import measure, summarize
from honmono.generation.model import Model, Weights
from honmono.metrics.base import Better, Evidence, Metric
from honmono.metrics.fid import FID, frechet_distance
from honmono.metrics.kid import KID
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.neighbours import Neighbours
from honmono.metrics.prdc import PRDC
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe


@dataclass(frozen=True, kw_only=True)
class Told(Metric):
    """A metric that gives a number for each seed, and notes how it was asked."""

    kind: ClassVar[str] = "told"
    asked: ClassVar[list[int]] = []

    values: tuple[float, ...] = (1.0,)
    says: str = ""

    @property
    def name(self) -> str:
        return "told"

    def keys(self) -> dict[str, Better]:
        return {"told": "lower"}

    def measure(self, evidence: Evidence) -> dict[str, float]:
        self.asked.append(self.fakes)
        if self.says:
            evidence.note(self.says)
        return {"told": self.values[evidence.seed]}


def model_of(generator: nn.Module, recipe: Recipe, shape: tuple[int, ...], classes: tuple[str, ...] = ()) -> Model:
    return Model(generator, recipe, DataSpec(shape, classes))


@pytest.fixture
def points() -> Recipe:
    return find("gan-grid").make()


@pytest.fixture
def sampler(saying: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """A generator that is the grid itself: of a normal latent two numbers choose a mode, two lie around it."""

    def build(sigma: float = 0.05) -> nn.Module:
        def answer(latent: Tensor) -> Tensor:
            # The normal distribution function of a normal number is uniform.
            place = (torch.special.ndtr(latent[:, :2].double()) * 5).floor().clamp(0, 4)
            return (place * 2 - 4 + sigma * latent[:, 2:4]).float()

        return saying(answer)

    return build


def test_a_perfect_sampler_scores_what_theory_says(points: Recipe, sampler: Callable[..., nn.Module]) -> None:
    found = measure(model_of(sampler(), points, (2,)), [ModeCoverage()], seeds=range(10))
    assert found.metrics["modes"] == 25
    assert found.metrics["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=2e-3)
    assert found.metrics["reverse_kl"] == pytest.approx(24 / 5_000, abs=1.5e-3)
    low, high = found.intervals["high_quality"]
    assert low < 1 - math.exp(-4.5) < high and high - low < 0.006
    assert found.notes == () and found.seconds > 0


def test_intervals_are_student_s_at_95_percent() -> None:
    means, intervals, notes = summarize([{"x": 1.0}, {"x": 2.0}, {"x": 4.0}])
    assert means["x"] == pytest.approx(7 / 3) and notes == []
    half = 4.302653 * np.std([1, 2, 4], ddof=1) / math.sqrt(3)  # t of 2 degrees of freedom, from a table
    assert intervals["x"] == pytest.approx((7 / 3 - half, 7 / 3 + half), rel=1e-6)
    assert summarize([{"x": 1.0}]) == ({"x": 1.0}, {}, [])


def test_what_is_no_number_is_a_note_and_no_number(points: Recipe, sampler: Callable[..., nn.Module]) -> None:
    found = measure(model_of(sampler(), points, (2,)), [Told(values=(1.0, math.nan)), ModeCoverage()], seeds=(0, 1))
    assert set(found.metrics) == {"modes", "high_quality", "reverse_kl"} == set(found.intervals)
    (note,) = found.notes
    assert note.startswith("told is omitted") and note.endswith("1, nan")


def test_what_a_metric_says_of_its_number_is_noted_once(points: Recipe, sampler: Callable[..., nn.Module]) -> None:
    told = Told(values=(1.0, 2.0), says="half of the reals are copies")
    assert measure(model_of(sampler(), points, (2,)), [told], seeds=(0, 1)).notes == ("half of the reals are copies",)


def test_numbers_keep_the_order_of_the_metrics_and_the_greediest_is_asked_first(
    points: Recipe, sampler: Callable[..., nn.Module]
) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Other(Told):
        @property
        def name(self) -> str:
            return "other"

        def measure(self, evidence: Evidence) -> dict[str, float]:
            super().measure(evidence)
            return {"other": 0.0}

    Told.asked.clear()
    found = measure(model_of(sampler(), points, (2,)), [Told(fakes=5), Other(fakes=50)])
    assert list(found.metrics) == ["told", "other"] and Told.asked == [50, 5]


def test_distances_are_those_of_the_features(recipe: Recipe, stored: Path, drawing: nn.Module, cache: Path) -> None:
    plain = replace(recipe, conditional=False)
    metrics = [FID(features="mnist", fakes=200), KID(features="mnist", fakes=300, subset_size=100, subsets=3)]
    found = measure(
        model_of(drawing, plain, (1, 8, 8)),
        [*metrics, PRDC(features="mnist", fakes=150)],
        reference=str(stored),
    )
    assert list(found.metrics) == [
        *("fid[mnist]", "kid[mnist]", "precision[mnist]", "recall[mnist]", "density[mnist]", "coverage[mnist]")
    ]
    alone = measure(model_of(drawing, plain, (1, 8, 8)), metrics[:1], reference=str(stored))
    assert alone.metrics["fid[mnist]"] == found.metrics["fid[mnist]"] > 0

    from honmono.evaluation.evidence import GeneratorEvidence
    from honmono.evaluation.extraction import Networks
    from honmono.evaluation.reference import Reference
    from honmono.metrics.features.named import feature_network
    from honmono.randomness import preserve_rng_state

    networks = Networks(feature_network, torch.device("cpu"))
    with preserve_rng_state(networks.device):
        reference = Reference(plain, (1, 8, 8), str(stored), networks)
        evidence = GeneratorEvidence(model_of(drawing, plain, (1, 8, 8)), 0, reference, networks)
        real, fake = evidence.extracted("real", "mnist", 300), evidence.extracted("fake", "mnist", 200)
    assert found.metrics["fid[mnist]"] == frechet_distance(real.features, fake.features)


def test_no_trace_is_left_on_generator_or_randomness(recipe: Recipe, stored: Path, drawing: nn.Module) -> None:
    before = {name: tensor.clone() for name, tensor in drawing.train().state_dict().items()}
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state(legacy=False)
    numbers = [
        measure(
            model_of(drawing, recipe, (1, 8, 8), ("a", "b")),
            [FID(features="mnist", fakes=200)],
            reference=str(stored),
        )
        for _ in range(2)
    ]
    assert numbers[0].metrics == numbers[1].metrics
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_equal(np.random.get_state(legacy=False), numpy_state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in drawing.state_dict().items())
    assert all(part.training for part in drawing.modules())


def test_a_generator_that_collapsed_or_diverged_is_told_of(
    recipe: Recipe, stored: Path, saying: Callable[..., nn.Module]
) -> None:
    def on(answer: Callable[[Tensor], Tensor]) -> Any:
        metrics = [FID(features="mnist", fakes=200)]
        return measure(
            model_of(saying(answer), recipe, (1, 8, 8), ("a",)), metrics, seeds=(0, 1), reference=str(stored)
        )

    grey = on(lambda latent: torch.zeros(len(latent), 1, 8, 8))
    assert len(grey.notes) == 1 and "samples are equal" in grey.notes[0]
    loud = on(lambda latent: 4 * latent.view(-1, 1, 8, 8))
    assert len(loud.notes) == 2 and all("are outside the data's range" in note for note in loud.notes)
    with pytest.raises(Failed, match="NaN or infinity.*an earlier checkpoint"):
        on(lambda latent: latent.view(-1, 1, 8, 8) / 0)


def test_too_few_samples_are_refused(recipe: Recipe, stored: Path, drawing: nn.Module) -> None:
    with pytest.raises(Refused, match=r"fid\[mnist\].*at least 129 fakes"):
        measure(
            model_of(drawing, recipe, (1, 8, 8), ("a",)),
            [FID(features="mnist", fakes=100)],
            reference=str(stored),
        )
    with pytest.raises(Refused, match="told is given twice"):
        measure(model_of(drawing, recipe, (1, 8, 8), ("a",)), [Told(), Told(fakes=3)])
    with pytest.raises(Refused, match="nothing to measure"):
        measure(model_of(drawing, recipe, (1, 8, 8), ("a",)), [])


def test_neighbours_are_shown_when_they_are_asked_for(recipe: Recipe, stored: Path, drawing: nn.Module) -> None:
    words: dict[str, Any] = {"metrics": [Neighbours(features="mnist", fakes=60)], "reference": str(stored)}
    assert measure(model_of(drawing, recipe, (1, 8, 8), ("a",)), **words).pictures == {}
    rows = measure(model_of(drawing, recipe, (1, 8, 8), ("a",)), **words, pictures=True).pictures["neighbours[mnist]"]
    assert rows.shape == (10, 6, 1, 28, 28) and rows.dtype == torch.uint8


@pytest.mark.parametrize("weights", ["average", "raw"])
def test_the_protocol_says_which_weights_were_measured(
    points: Recipe, sampler: Callable[..., nn.Module], weights: Weights
) -> None:
    model = replace(model_of(sampler(), points, (2,)), weights=weights)
    assert measure(model, [ModeCoverage(fakes=10)]).protocol["modes"]["context"]["fakes.weights"] == weights


def test_a_mixture_of_one_s_own_is_measured_as_the_grid_is(points: Recipe, sampler: Callable[..., nn.Module]) -> None:
    three = replace(points, data=Grid(side=3, spacing=4.0))  # every second one of each row
    found = measure(model_of(sampler(), three, (2,)), [ModeCoverage()])
    assert found.metrics["modes"] == 9
    assert found.metrics["high_quality"] == pytest.approx(9 / 25, abs=0.03)
    assert found.protocol["modes"]["conditions"]["data.modes"] == 9


MEMORY = """
import resource, sys, torch
from torch import nn
from honmono.data.base import DataSpec
from honmono.evaluation.measure import measure
from honmono.generation.model import Model
from honmono.metrics.base import Evidence, Metric
from honmono.metrics.inception_score import InceptionScore
from honmono.recipe.override import override
from honmono.recipe.registry import find

class Noise(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 784)
    def forward(self, latent, label=None):
        return self.layer(latent).tanh().view(-1, 1, 28, 28)

class Extracted(InceptionScore):
    def measure(self, evidence):
        return {"features": float(len(evidence.extracted("fake", "mnist", self.fakes).features))}

Evidence.kept = 0  # of the first pictures, which are kept up to 32 MiB
recipe = override(find("dcgan-digits").make(), {"conditional": "false"})
for number in (1_000, int(sys.argv[1])):
    model = Model(Noise(), recipe, DataSpec((1, 28, 28), ()))
    measure(model, [Extracted(features="mnist", fakes=number)])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts kilobytes on Linux")
def test_memory_beyond_the_features_does_not_grow_with_the_number_of_fakes() -> None:
    peaks = {}
    for number in (10_000, 40_000):
        code = [sys.executable, "-c", MEMORY, str(number)]
        said = subprocess.run(code, env=os.environ, capture_output=True, text=True, check=True)
        peaks[number] = int(said.stdout) / 1024
    features = 30_000 * (128 + 10) * 4 / 2**20
    assert peaks[40_000] - peaks[10_000] < features + 12, peaks  # MiB; the pictures alone would be 22, as floats 90
