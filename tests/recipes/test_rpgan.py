"""Facts of the relativistic GANs on grids of Gaussians."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from honmono.data.mixtures import Grid
from honmono.objectives.relativistic import Relativistic
from honmono.randomness import stream
from honmono.recipe.build import build_networks, count_parameters
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.latents import Clusters
from honmono.recipe.value import Recipe
from honmono.recipes.rpgan import rpgan_grid, rpgan_grid_100


BOTH = pytest.mark.parametrize("make", [rpgan_grid, rpgan_grid_100])


@BOTH
def test_the_networks_get_fourier_features(make: Callable[[], Recipe]) -> None:
    generator, discriminator = build_networks(make(), nominal_data_spec(make())).values()
    hidden = (2 + 2 * 64 + 1) * 128 + 2 * 129 * 128
    assert count_parameters(generator) == hidden + 129 * 2
    assert count_parameters(discriminator) == hidden + 129


@BOTH
def test_the_latents_fill_the_square_of_the_modes_cells(make: Callable[[], Recipe]) -> None:
    recipe = make()
    assert isinstance(recipe.data, Grid) and isinstance(recipe.latent, Clusters)
    half = recipe.data.side * recipe.data.spacing / 2
    assert (recipe.latent.low, recipe.latent.high) == (-half, half)
    cells = np.floor((recipe.latent.centres() + half) / recipe.data.spacing).astype(int)
    counts = np.unique(cells, axis=0, return_counts=True)[1]
    assert len(counts) == recipe.data.side**2 and np.ptp(counts) <= 8  # by chance about 4 standard deviations


@BOTH
def test_samples_begin_near_their_latents(make: Callable[[], Recipe]) -> None:
    torch.manual_seed(0)
    generator = build_networks(make(), nominal_data_spec(make()))["generator"]
    latent = torch.from_numpy(make().latent.draw(stream(0, "z"), 500, (2,)))
    assert (generator(latent) - latent).abs().max() < 1


@pytest.mark.parametrize(("make", "end"), [(rpgan_grid, 0.002), (rpgan_grid_100, 0.01)])
def test_the_penalties_decrease_after_a_while(make: Callable[[], Recipe], end: float) -> None:
    recipe = make()
    assert isinstance(recipe.objective, Relativistic)
    images = recipe.training.steps * recipe.training.batch_size
    for schedule in recipe.objective.schedules().values():
        assert [schedule.at(seen) for seen in (0, 3 * images // 10, images)] == pytest.approx([1, 1, end])
    rates = recipe.training.learning_rates.generator
    assert [rates.at(seen) for seen in (0, 4 * images // 10, images)] == pytest.approx([1, 1, 0])


def test_the_hundred_modes_are_seen_by_fewer_samples_than_the_rival_s() -> None:
    training = rpgan_grid_100().training
    assert len(rpgan_grid_100().data.means()) == 100  # type: ignore[attr-defined]
    assert training.steps * training.batch_size <= 7_000 * 2_048
