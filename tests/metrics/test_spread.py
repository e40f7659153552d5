"""The spread of samples: known values, and what it does not depend on."""

import math

import pytest
import torch

from honmono.metrics.spread import spread


def test_two_points_at_distance_two():
    assert spread(torch.tensor([[-1.0, 0.0], [1.0, 0.0]])) == pytest.approx(math.sqrt(2))


def test_one_picture_drawn_again_has_none():
    assert spread(torch.full((8, 1, 4, 4), 200, dtype=torch.uint8)) == 0.0


def test_a_normal_distribution_has_the_root_of_its_dimension():
    samples = torch.randn(20_000, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert spread(samples + 5) == pytest.approx(math.sqrt(12), rel=0.01)


def test_it_does_not_depend_on_how_many_there_are():
    samples = torch.randn(4_000, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    few = [spread(samples[start : start + 8]) for start in range(0, 4_000, 8)]
    assert sum(few) / len(few) == pytest.approx(spread(samples), rel=0.03)
