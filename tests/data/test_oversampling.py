import numpy as np
import pytest

from honmono.data.batches import SampleOrder
from honmono.data.oversampling import Oversampling
from honmono.errors import Refused


SIZES = (90, 25, 5)  # mean 40
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(3), SIZES))


@pytest.mark.parametrize(
    ("strength", "places"),
    [(0.0, (90, 25, 5)), (0.5, (90, round(25 * 1.6**0.5), round(5 * 8**0.5))), (1.0, (90, 40, 40))],
)
def test_a_class_below_the_mean_size_is_repeated_by_a_power_of_how_far_it_is_below(strength, places):
    oversampling = Oversampling(LABELS, strength)
    assert len(oversampling) == sum(places)
    for epoch in range(3):
        assert tuple(np.bincount(LABELS[oversampling.samples(seed=1, epoch=epoch)])) == places


def test_every_sample_stands_in_an_epoch_as_often_as_its_class_needs_or_once_more():
    oversampling = Oversampling(LABELS, 0.5)
    times = np.bincount(oversampling.samples(seed=1, epoch=0), minlength=len(LABELS))
    assert set(times[LABELS == 0]) == {1}
    assert set(times[LABELS == 1]) == {1, 2}
    assert set(times[LABELS == 2]) == {2, 3}


def test_what_stands_in_it_once_more_is_drawn_for_each_epoch():
    oversampling = Oversampling(LABELS, 0.5)
    first, second = (np.bincount(oversampling.samples(seed=1, epoch=epoch)) for epoch in (0, 1))
    assert not np.array_equal(first, second)


def test_a_class_without_a_picture_changes_nothing():
    with_gap = Oversampling(np.where(LABELS == 2, 7, LABELS), 0.5)
    assert len(with_gap) == len(Oversampling(LABELS, 0.5))


def test_an_order_repeats_what_it_says_and_has_epochs_of_that_length():
    order = SampleOrder(
        len(LABELS), order="shuffled", drop_last=False, batch_size=8, seed=3, oversampling=Oversampling(LABELS, 1.0)
    )
    assert order.epoch_length == 170
    images, seen = 0, []
    while images < 170:
        seen.append(order.indices(images))
        images += len(seen[-1])
    assert tuple(np.bincount(LABELS[np.concatenate(seen)])) == (90, 40, 40)
    assert np.array_equal(order.indices(16), seen[2])


@pytest.mark.parametrize("order", ["stored", "replacement"])
def test_orders_without_shuffled_epochs_are_refused(order):
    with pytest.raises(Refused, match="data.oversample"):
        SampleOrder(
            len(LABELS), order=order, drop_last=True, batch_size=8, seed=0, oversampling=Oversampling(LABELS, 0.5)
        )


@pytest.mark.parametrize("strength", [-0.1, 1.5])
def test_a_strength_that_is_none_is_refused(strength):
    with pytest.raises(Refused, match="data.oversample"):
        Oversampling(LABELS, strength)
