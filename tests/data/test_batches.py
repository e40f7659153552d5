import numpy as np
import pytest
import torch

from honmono.data.base import Batch, Dataset
from honmono.data.batches import Batches, SampleOrder
from honmono.data.mixtures import Grid, Ring


class FlippingDigits(Dataset):
    """Eleven pictures of two pixels, flipped at random: the smallest thing with augmentation."""

    sample_shape = (1, 1, 2)
    classes = ("even", "odd")
    fingerprint = "eleven"
    length = 11

    def to(self, device, dtype=torch.float32):
        pass

    def gather(self, indices, random):
        flip = random.random(len(indices)) < 0.5
        real = np.stack([np.where(flip, -indices, indices), np.where(flip, indices, -indices)], axis=-1)
        return Batch(torch.tensor(real[:, None, None], dtype=torch.float32), torch.tensor(indices % 2))


SOURCES = {
    "flipped": (FlippingDigits(), Grid(drop_last=False)),
    "finite": (Ring(samples=50).open(), Ring(samples=50)),
    "endless": (Grid(samples=None).open(), Grid(samples=None)),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("images", [0, 4, 8, 11])
def test_parts_are_the_whole(name, images):
    stream = Batches(*SOURCES[name], batch_size=4, seed=5)
    whole = stream.batch(images)
    assert len(whole.real) == stream.size_at(images)
    for cut in range(5):
        parts = [stream.batch(images, slice(0, cut)), stream.batch(images, slice(cut, None))]
        assert torch.equal(torch.cat([part.real for part in parts]), whole.real)
        labels = [part.label for part in parts if part.label is not None]
        assert len(labels) == (0 if whole.label is None else 2)
        assert whole.label is None or torch.equal(torch.cat(labels), whole.label)


def test_augmentation_differs_between_moments():
    stream = Batches(*SOURCES["flipped"], batch_size=11, seed=0)
    signs = {tuple((stream.batch(11 * epoch).real[:, 0, 0, 0] > 0).tolist()) for epoch in range(8)}
    assert len(signs) == 8


def test_the_same_moment_gives_the_same_batch_in_any_order():
    first, second = (Batches(*SOURCES["flipped"], batch_size=4, seed=0) for _ in range(2))
    backward = {images: first.batch(images) for images in (22, 15, 11, 8, 4, 0)}
    for images in (0, 4, 8, 11, 15, 22):
        assert torch.equal(second.batch(images).real, backward[images].real)


def test_sizes_without_touching_data():
    stream = Batches(*SOURCES["flipped"], batch_size=4, seed=0)
    assert stream.epoch_length == 11
    assert [stream.size_at(images) for images in (0, 4, 8, 11)] == [4, 4, 3, 4]
    assert Batches(*SOURCES["endless"], batch_size=4, seed=0).epoch_length is None


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
