import numpy as np
import pytest

from honmono.data.batches import SampleOrder


def walk(order: SampleOrder, batches: int) -> list[np.ndarray]:
    images, result = 0, []
    for _ in range(batches):
        result.append(order.indices(images))
        assert len(result[-1]) == order.size_at(images)
        images += len(result[-1])
    return result


@pytest.mark.parametrize("kind", ["shuffled", "fixed", "stored"])
def test_every_sample_once_per_epoch(kind):
    order = SampleOrder(23, order=kind, drop_last=False, batch_size=5, seed=1)
    batches = walk(order, 10)
    assert [len(batch) for batch in batches] == [5, 5, 5, 5, 3] * 2
    first, second = np.concatenate(batches[:5]), np.concatenate(batches[5:])
    assert sorted(first) == sorted(second) == list(range(23))
    assert (first.tolist() == second.tolist()) == (kind != "shuffled")
    assert (first.tolist() == list(range(23))) == (kind == "stored")


def test_dropping_keeps_full_batches_of_different_samples():
    order = SampleOrder(23, order="shuffled", drop_last=True, batch_size=5, seed=1)
    assert order.epoch_length == 20
    batches = walk(order, 40)
    assert {len(batch) for batch in batches} == {5}
    for epoch in range(10):
        assert len(set(np.concatenate(batches[4 * epoch : 4 * epoch + 4]))) == 20
    assert set(np.concatenate(batches)) == set(range(23))  # each epoch drops others


def test_fewer_samples_than_a_batch_run_through_several_epochs():
    order = SampleOrder(3, order="shuffled", drop_last=True, batch_size=8, seed=0)
    seen = np.concatenate(walk(order, 6))
    assert order.epoch_length == 3 and len(seen) == 48
    assert all(sorted(seen[start : start + 3]) == [0, 1, 2] for start in range(0, 48, 3))


def test_fewer_samples_than_a_batch_without_dropping_make_a_small_batch():
    order = SampleOrder(3, order="stored", drop_last=False, batch_size=8, seed=0)
    assert [batch.tolist() for batch in walk(order, 2)] == [[0, 1, 2], [0, 1, 2]]


@pytest.mark.parametrize("kind", ["shuffled", "fixed", "stored", "replacement"])
def test_access_in_any_order_gives_the_same(kind):
    make = lambda: SampleOrder(50, order=kind, drop_last=True, batch_size=8, seed=3)  # noqa: E731
    forward = walk(make(), 40)
    order = make()
    for step in np.random.default_rng(0).permutation(40):
        assert np.array_equal(order.indices(8 * int(step)), forward[step])


def test_seeds_differ():
    first, second = (SampleOrder(50, order="shuffled", drop_last=True, batch_size=50, seed=seed) for seed in (0, 1))
    assert not np.array_equal(first.indices(0), second.indices(0))


def test_replacement_is_always_full_and_repeats_samples():
    order = SampleOrder(20, order="replacement", drop_last=False, batch_size=16, seed=0)
    batches = walk(order, 200)
    assert order.epoch_length == 20 and {len(batch) for batch in batches} == {16}
    assert any(len(set(batch)) < 16 for batch in batches)
    counts = np.bincount(np.concatenate(batches), minlength=20)
    assert counts.min() > 100 and counts.max() < 220  # 160 expected, standard deviation 12


def test_endless_never_repeats():
    order = SampleOrder(None, order="shuffled", drop_last=False, batch_size=7, seed=0)
    assert order.epoch_length is None
    assert np.concatenate(walk(order, 4)).tolist() == list(range(28))


def test_returned_indices_can_be_changed_without_harm():
    order = SampleOrder(10, order="shuffled", drop_last=True, batch_size=10, seed=0)
    before = order.indices(0).copy()
    order.indices(0).sort()
    assert np.array_equal(order.indices(0), before)
