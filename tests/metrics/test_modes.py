import math

import numpy as np
import pytest
import torch

from honmono.data.mixtures import Gaussians, Grid, Mixture, Ring
from honmono.data.pictures import Pictures
from honmono.errors import Refused
from honmono.metrics.modes import ModeCoverage, mode_coverage, reverse_kl


MIXTURES = [
    Grid(samples=None),
    Ring(samples=None),
    Gaussians(centres=((0.0, 0.0), (3.0, 1.0), (1e3, -1e3)), sigma=0.01, samples=None),
]
PERFECT = 1 - math.exp(-4.5)


def perfect(data: Mixture, number: int, seed: int) -> torch.Tensor:
    """Points drawn from the mixture itself, in float64."""
    random = np.random.default_rng(seed)
    means = data.means()
    mode = random.integers(len(means), size=number)
    return torch.from_numpy(means[mode] + data.sigma * random.standard_normal((number, 2)))


@pytest.mark.parametrize("data", MIXTURES, ids=lambda data: type(data).__name__)
def test_a_perfect_sampler_gets_all_modes_and_98_89_percent(data):
    number = 400_000
    found = mode_coverage(perfect(data, number, 0), data.means(), data.sigma)
    assert found.modes == len(data.means())
    assert found.high_quality == pytest.approx(PERFECT, abs=4 * math.sqrt(PERFECT * (1 - PERFECT) / number))
    assert round(PERFECT, 4) == 0.9889
    assert int(found.counts.sum()) == round(found.high_quality * number)


def test_the_data_of_a_recipe_is_judged_perfect():
    dataset = Grid(samples=10_000).open()
    points = dataset.gather(np.arange(10_000), np.random.default_rng(0)).real
    found = mode_coverage(points, Grid().means(), Grid().sigma)
    assert found.modes == 25
    assert found.high_quality == pytest.approx(PERFECT, abs=0.005)


def test_reverse_kl_of_a_perfect_sampler_is_its_noise_floor():
    values = [mode_coverage(perfect(Grid(), 2_500, seed), Grid().means(), 0.05).reverse_kl for seed in range(400)]
    # (25 - 1) / (2 * 2,500 * 98.89 %) to first order, with a standard deviation of about 0.0014 each
    assert np.mean(values) == pytest.approx(0.0049, abs=4 * 0.0014 / 20)


def test_the_radius_is_in_sigmas_and_from_the_nearest_mode():
    means = np.array([[0.0, 0.0], [1.0, 0.0]])
    points = torch.tensor([[0.29, 0.0], [0.0, -0.31], [0.71, 0.0], [1.0, 0.1], [50.0, 0.0]])
    found = mode_coverage(points, means, 0.1)
    assert found.counts.tolist() == [1, 2]
    assert (found.modes, found.high_quality) == (2, 0.6)
    wide = mode_coverage(points, means, 0.1, radius=4.0)
    assert wide.counts.tolist() == [2, 2]
    # Where balls overlap a point belongs to the nearest mode only, and a mode that is nearest of none is not captured.
    near = mode_coverage(torch.tensor([[0.6, 0.0]]), means, 1.0)
    assert (near.counts.tolist(), near.modes) == ([0, 1], 1)


def test_reverse_kl_is_that_of_the_counts():
    assert reverse_kl(torch.tensor([7, 7, 7, 7])) == 0
    assert reverse_kl(torch.tensor([9, 0, 0, 0])) == pytest.approx(math.log(4))
    expected = 0.75 * math.log(0.75 * 2) + 0.25 * math.log(0.25 * 2)
    assert reverse_kl(torch.tensor([3, 1])) == pytest.approx(expected)


def test_without_a_point_of_high_quality_the_worst_is_given():
    found = mode_coverage(torch.full((10, 2), 100.0), Grid().means(), 0.05)
    assert (found.modes, found.high_quality, found.reverse_kl) == (0, 0.0, math.log(25))


def test_any_number_of_dimensions_and_of_points_in_any_order():
    means = torch.eye(10)
    points = means.repeat(1_000, 1) + 0.01 * torch.randn(10_000, 10, generator=torch.Generator().manual_seed(0))
    found = mode_coverage(points, means, 0.02, radius=10.0)
    assert (found.modes, found.high_quality, found.reverse_kl) == (10, 1.0, 0.0)
    assert torch.equal(mode_coverage(points.flip(0), means, 0.02, radius=10.0).counts, found.counts)


def test_narrow_modes_far_from_the_origin_keep_their_digits():
    means = np.array([[1e6, 1e6], [1e6, 1e6 + 1]])
    points = torch.tensor([[1e6 + 2.9e-3, 1e6], [1e6 + 3.1e-3, 1e6], [1e6, 1e6 + 1]], dtype=torch.float64)
    assert mode_coverage(points, means, 1e-3).counts.tolist() == [1, 1]


@pytest.mark.parametrize("data", MIXTURES, ids=lambda data: type(data).__name__)
def test_the_metric_measures_any_mixture(data, injected):
    evidence = injected(data=data, points_given=perfect(data, 3_000, 1))
    metric = ModeCoverage()
    measured = metric.measure(evidence)
    assert list(measured) == list(metric.keys()) == ["modes", "high_quality", "reverse_kl"]
    found = mode_coverage(evidence.points(2_500), data.means(), data.sigma)
    assert list(measured.values()) == [found.modes, found.high_quality, found.reverse_kl]
    assert all(type(value) is float for value in measured.values())
    assert metric.name == metric.kind == "modes"


def test_what_has_no_modes_is_refused(injected):
    with pytest.raises(Refused, match="not on Pictures"):
        ModeCoverage().measure(injected(data=Pictures(size=32)))
    with pytest.raises(Refused, match="NaN or infinity"):
        mode_coverage(torch.tensor([[0.0, math.nan]]), Grid().means(), 0.05)
    with pytest.raises(Refused, match="do not fit"):
        mode_coverage(torch.zeros(0, 2), Grid().means(), 0.05)
    with pytest.raises(Refused, match=r"modes\.fakes is 0: give at least 1"):
        ModeCoverage(fakes=0)
    with pytest.raises(Refused, match=r"modes\.radius is nan"):
        ModeCoverage(radius=math.nan)
