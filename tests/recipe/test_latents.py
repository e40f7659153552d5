"""The distributions of latents: shapes, types, moments and bounds."""

import numpy as np
import pytest

from honmono.randomness import stream
from honmono.recipe.latents import Latent, Normal, SampleNoise, Uniform


def test_noise_has_the_shape_of_a_sample() -> None:
    many, few = (SampleNoise().draw(stream(0, "z"), count, (3, 8, 8)) for count in (400, 10))
    assert many.shape == (400, 3, 8, 8) and many.dtype == np.float32
    np.testing.assert_array_equal(many[:10], few)
    assert abs(many.mean()) < 0.02 and abs(many.std() - 1) < 0.02


@pytest.mark.parametrize("latent", [Normal(5), Uniform(5), Uniform(5, low=0.0, high=2.0)])
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
