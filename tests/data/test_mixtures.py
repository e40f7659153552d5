import numpy as np
import pytest
import torch

from honmono.data.mixtures import Gaussians, Grid, Ring
from honmono.errors import Refused
from honmono.randomness import stream


def test_grid_means_are_pacgans():
    means = Grid().means()
    assert means.shape == (25, 2)
    assert {tuple(mean) for mean in means} == {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}


def test_geometric_gans_grid_is_a_spacing_away():
    assert np.unique(Grid(spacing=10.5).means()).tolist() == [-21, -10.5, 0, 10.5, 21]


def test_ring_means_are_distinct_and_on_the_circle():
    means = Ring(radius=2.0).means()
    assert means.shape == (8, 2) and len(np.unique(means.round(6), axis=0)) == 8
    assert np.allclose(np.hypot(*means.T), 2) and np.allclose(means[0], [2, 0]) and np.allclose(means.sum(0), 0)


def nearest_mode(points: torch.Tensor, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distance = np.linalg.norm(points.numpy()[:, None] - means, axis=-1)
    return distance.argmin(1), distance.min(1)


@pytest.mark.parametrize("data", [Grid(samples=20_000), Ring(samples=20_000)])
def test_finite_sets_hold_the_same_number_of_each_mode(data):
    dataset = data.open()
    real, label = dataset.gather(np.arange(20_000), stream(0, "test"))
    assert label is None and real.dtype == torch.float32 and dataset.sample_shape == (2,)
    mode, distance = nearest_mode(real, data.means())
    assert np.unique(np.bincount(mode)).tolist() == [20_000 // len(data.means())]
    # a round Gaussian in the plane keeps 1 - exp(-4.5) = 98.89% within three sigma
    assert (distance < 3 * data.sigma).mean() == pytest.approx(0.9889, abs=0.003)
    assert np.sqrt((distance**2).mean() / 2) == pytest.approx(data.sigma, rel=0.02)


def test_content_follows_from_the_fields_and_a_limit_takes_the_first():
    everything = np.arange(500)
    whole = Grid(samples=1000).open()
    first = whole.gather(everything, stream(0, "a")).real
    assert torch.equal(Grid(samples=1000).open().gather(everything, stream(1, "b")).real, first)
    limited = Grid(samples=1000, limit=500).open()
    assert limited.length == 500 and torch.equal(limited.gather(everything, stream(0, "a")).real, first)
    fingerprints = {
        data.open().fingerprint
        for data in (Grid(samples=1000), Grid(samples=1000, draw_seed=1), Grid(samples=500), Grid(samples=None))
    }
    assert len(fingerprints) == 4 and whole.fingerprint == Grid(samples=1000).open().fingerprint


def test_endless_points_are_fresh_and_cover_the_modes():
    data = Grid(samples=None)
    dataset = data.open()
    assert dataset.length is None
    first, second = (dataset.gather(np.arange(5000), stream(0, "test", clock)).real for clock in (0, 1))
    assert not torch.isin(first, second).all() and first.shape == (5000, 2)
    mode, _ = nearest_mode(first, data.means())
    assert np.bincount(mode, minlength=25).min() > 140  # 200 expected, standard deviation 14


@pytest.mark.parametrize("samples", [100, None])
def test_float64_holds_the_float32_values(samples):
    single, double = Grid(samples=samples).open(), Grid(samples=samples).open()
    double.to(torch.device("cpu"), torch.float64)
    first, second = (data.gather(np.arange(100), stream(0, "test")).real for data in (single, double))
    assert second.dtype == torch.float64 and torch.equal(first.double(), second)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Grid(sigma=0.0),
        lambda: Grid(samples=0),
        lambda: Grid(samples=None, limit=5),
        lambda: Grid(limit=0),
        lambda: Grid(side=0),
        lambda: Ring(modes=0),
    ],
)
def test_impossible_mixtures_are_refused_in_one_line(make):
    with pytest.raises(Refused) as refusal:
        make()
    assert "data" in str(refusal.value) and "\n" not in str(refusal.value)


def test_modes_stand_where_they_are_put() -> None:
    mixture = Gaussians(centres=((0, 0), (3, 1)), sigma=0.01, samples=40)
    points = mixture.open().gather(np.arange(40), stream(0, "test")).real.numpy()
    assert mixture.means().tolist() == [[0, 0], [3, 1]]
    np.testing.assert_allclose(points[1::2].mean(axis=0), (3, 1), atol=0.02)
    with pytest.raises(Refused, match="no modes"):
        Gaussians(centres=())
