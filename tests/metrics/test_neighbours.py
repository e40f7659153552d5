import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from honmono.errors import Refused
from honmono.metrics.distances import Centred, nearest
from honmono.metrics.neighbours import Neighbours, nearest_reals, neighbour_distance


@pytest.fixture
def pictured(injected):
    """Evidence whose features are a picture's own pixels."""

    def make(real, fake):
        features = {side: pictures.flatten(1).float() for side, pictures in (("real", real), ("fake", fake))}
        return injected(features=features, pictures_given={"real": real, "fake": fake})

    return make


@pytest.mark.parametrize("number", [1, 5])
def test_the_nearest_are_those_of_all_distances(drawn, number):
    real, fake = drawn(0, 2_500, 6) + 100, drawn(1, 70, 6) + 100  # more reals than a block
    distances = cdist(fake.double(), real.double())
    order = distances.argsort(axis=1)[:, :number]
    found = nearest_reals(real, fake, number)
    assert np.array_equal(found.indices.numpy(), order)
    assert np.allclose(found.distance.numpy(), np.take_along_axis(distances, order, axis=1), rtol=1e-9)


def test_the_work_is_done_on_the_device_asked_for(drawn):
    """Tensors on `meta` have no values, and refuse company from elsewhere as those on a GPU do."""
    meta = torch.device("meta")
    found = nearest_reals(drawn(0, 2_500, 6), drawn(1, 70, 6), 5, meta)
    assert found.indices.device == found.distance.device == meta and found.indices.shape == (70, 5)
    assert Centred(drawn(0, 9, 2), device=torch.device("mps")).device == torch.device("cpu")  # which has no float64


def test_a_sample_is_not_its_own_neighbour(drawn):
    samples = Centred(drawn(0, 50, 3))
    own = torch.tensor([4, 49, 0])
    queries = Centred(drawn(0, 50, 3)[own], samples.centre)
    for block in (1, 7, 50):
        assert nearest(queries, samples, 1, None, block).indices[:, 0].tolist() == own.tolist()
        found = nearest(queries, samples, 49, own, block)
        assert all(place not in row for place, row in zip(own.tolist(), found.indices.tolist(), strict=True))
        assert found.squared.isfinite().all()


def test_it_is_one_for_new_samples_and_small_for_copies(drawn):
    real = drawn(0, 4_000, 8)
    assert neighbour_distance(real, drawn(1, 2_000, 8)) == pytest.approx(1, abs=0.05)
    assert neighbour_distance(real, real[:500]) == 0
    assert neighbour_distance(real, real[:500] + 0.01) < 0.05
    assert neighbour_distance(real, drawn(1, 2_000, 8) + 10) > 5
    # Its scale is the data's own.
    assert neighbour_distance(7 * real, 7 * drawn(1, 500, 8)) == pytest.approx(
        neighbour_distance(real, drawn(1, 500, 8))
    )


def test_the_number_is_a_ratio_of_medians():
    real = torch.tensor([[0.0], [1.0], [3.0], [6.0], [10.0]])  # to the nearest other: 1, 1, 2, 3, 4
    fake = torch.tensor([[0.5], [3.25], [9.0]])  # to the nearest real: 0.5, 0.25, 1
    assert neighbour_distance(real, fake) == pytest.approx(0.5 / 2)


def test_the_metric_and_its_picture(pictured):
    random = np.random.default_rng(0)
    real = torch.from_numpy(random.integers(256, size=(300, 1, 4, 4), dtype=np.uint8))
    fake = torch.from_numpy(random.integers(256, size=(40, 1, 4, 4), dtype=np.uint8))
    fake[17] = real[123]  # one copy among them
    evidence = pictured(real, fake)
    metric = Neighbours(features="mnist", fakes=40, reals=200)
    assert (metric.name, list(metric.keys())) == ("neighbours[mnist]", ["neighbour_distance[mnist]"])
    expected = neighbour_distance(real[:200].flatten(1).float(), fake.flatten(1).float())
    assert metric.measure(evidence) == {"neighbour_distance[mnist]": expected}

    rows = metric.picture(evidence, rows=6, neighbours=3)
    assert rows.shape == (6, 4, 1, 4, 4) and rows.dtype == torch.uint8
    assert torch.equal(rows[0, 0], fake[17]) and torch.equal(rows[0, 1], real[123])
    gap = (rows[:, 1:].double() - rows[:, :1].double()).flatten(2).norm(dim=2)
    assert (gap.diff(dim=1) >= 0).all() and (gap[:, 0].diff() >= 0).all()  # nearest first, in rows and among them


def test_what_has_no_neighbours_is_refused(pictured, drawn):
    with pytest.raises(Refused, match=r"neighbours\.reals is 1: give at least 2"):
        Neighbours(features="mnist", reals=1)
    pictures = torch.zeros(20, 1, 2, 2, dtype=torch.uint8)
    metric = Neighbours(features="mnist", fakes=20)
    with pytest.raises(Refused, match=r"neighbours\[mnist\]: .* duplicate"):
        metric.measure(pictured(pictures, pictures))
    with pytest.raises(Refused, match="21 rows: give 1 to 20"):
        metric.picture(pictured(pictures, pictures), rows=21)
    with pytest.raises(Refused, match="at least 5 reals, .* 4"):
        nearest_reals(drawn(0, 4, 2), drawn(1, 9, 2), 5)
