"""The distributions of latents: shapes, types, moments and bounds."""

from typing import Any

import numpy as np
import pytest

from honmono.errors import Refused
from honmono.randomness import stream
from honmono.recipe.latents import Clusters, Latent, Normal, SampleNoise, Uniform


def test_noise_has_the_shape_of_a_sample() -> None:
    many, few = (SampleNoise().draw(stream(0, "z"), count, (3, 8, 8)) for count in (400, 10))
    assert many.shape == (400, 3, 8, 8) and many.dtype == np.float32
    np.testing.assert_array_equal(many[:10], few)
    assert abs(many.mean()) < 0.02 and abs(many.std() - 1) < 0.02


@pytest.mark.parametrize("latent", [Normal(5), Uniform(5), Uniform(5, low=0.0, high=2.0), Clusters(5)])
def test_latents_are_float32_rows_that_begin_the_same_for_any_count(latent: Latent) -> None:
    many, few = latent.draw(stream(0, "z"), 1_000, (2,)), latent.draw(stream(0, "z"), 10, (2,))
    assert many.shape == (1_000, 5) and many.dtype == np.float32
    np.testing.assert_array_equal(many[:10], few)


def test_normal_latents_have_mean_0_and_deviation_1() -> None:
    z = Normal(4).draw(stream(0, "z"), 50_000, (2,))
    np.testing.assert_allclose(z.mean(0), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(z.T), np.eye(4), atol=0.03)


def test_uniform_latents_fill_their_bounds() -> None:
    z = Uniform(4, low=-1.0, high=3.0).draw(stream(0, "z"), 50_000, (2,))
    assert -1 <= z.min() < -0.99 and 2.99 < z.max() <= 3
    np.testing.assert_allclose(z.mean(0), 1, atol=0.03)
    np.testing.assert_allclose(z.var(0), 16 / 12, atol=0.03)


def test_clusters_are_small_cubes_around_the_same_centres_in_every_draw() -> None:
    latent = Clusters(2, count=50, spread=0.01, low=-1.0, high=3.0)
    for seed in (0, 1):
        z = latent.draw(stream(seed, "z"), 20_000, (2,))
        offset = z[:, None] - latent.centres()[None]
        nearest = np.square(offset).sum(2).argmin(1)
        within = offset[np.arange(len(z)), nearest]
        assert np.abs(within).max() <= 0.0101
        np.testing.assert_allclose(within.std(0), 0.01 / 3**0.5, rtol=0.05)
        assert np.bincount(nearest, minlength=50).min() > 300


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_centres_of_clusters_fill_their_cube_evenly(dim: int) -> None:
    latent = Clusters(dim, count=1_000, low=-1.0, high=1.0)
    halves, counts = np.unique(latent.centres() > 0, axis=0, return_counts=True)
    assert len(halves) == 2**dim and np.abs(counts - 1_000 / 2**dim).max() <= 12  # by chance about 30 in one dimension
    distance = np.linalg.norm(latent.centres()[:, None] - latent.centres()[None], axis=2) + 9 * np.eye(1_000)
    assert distance.min() > 0.5 * 2 * 1_000 ** (-1 / dim) * 0.7


def test_centres_in_one_dimension_follow_the_golden_ratio() -> None:
    golden = (1 + 5**0.5) / 2
    centres = Clusters(1, count=4, low=0.0, high=1.0).centres()[:, 0]
    np.testing.assert_allclose(centres, [(0.5 + n / golden) % 1 for n in range(4)])


@pytest.mark.parametrize("changes", [{"count": 0}, {"spread": -0.1}, {"low": 1.0}])
def test_clusters_that_cannot_be_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="latent"):
        Clusters(2, **changes)
