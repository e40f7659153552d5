import numpy as np
import pytest
import torch

from honmono.data.base import Batch, Dataset
from honmono.data.batches import Stream
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
    stream = Stream(*SOURCES[name], batch_size=4, seed=5)
    whole = stream.batch(images)
    assert len(whole.real) == stream.size_at(images)
    for cut in range(5):
        parts = [stream.batch(images, slice(0, cut)), stream.batch(images, slice(cut, None))]
        assert torch.equal(torch.cat([part.real for part in parts]), whole.real)
        labels = [part.label for part in parts if part.label is not None]
        assert len(labels) == (0 if whole.label is None else 2)
        assert whole.label is None or torch.equal(torch.cat(labels), whole.label)


def test_augmentation_differs_between_moments():
    stream = Stream(*SOURCES["flipped"], batch_size=11, seed=0)
    signs = {tuple((stream.batch(11 * epoch).real[:, 0, 0, 0] > 0).tolist()) for epoch in range(8)}
    assert len(signs) == 8


def test_the_same_moment_gives_the_same_batch_in_any_order():
    first, second = (Stream(*SOURCES["flipped"], batch_size=4, seed=0) for _ in range(2))
    backward = {images: first.batch(images) for images in (22, 15, 11, 8, 4, 0)}
    for images in (0, 4, 8, 11, 15, 22):
        assert torch.equal(second.batch(images).real, backward[images].real)


def test_sizes_without_touching_data():
    stream = Stream(*SOURCES["flipped"], batch_size=4, seed=0)
    assert stream.epoch_length == 11
    assert [stream.size_at(images) for images in (0, 4, 8, 11)] == [4, 4, 3, 4]
    assert Stream(*SOURCES["endless"], batch_size=4, seed=0).epoch_length is None
