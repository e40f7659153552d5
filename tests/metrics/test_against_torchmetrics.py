"""FID, KID and the Inception score beside torchmetrics', on the same features, subsets and splits."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from honmono.metrics.features.named import feature_network
from honmono.metrics.fid import frechet_distance
from honmono.metrics.inception_score import inception_score
from honmono.metrics.kid import kernel_distance
from honmono.randomness import stream


# Of a buffer that grows, and of the deviation of a single subset or split.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


class Given(nn.Module):
    """A feature network that passes on what it is given, so that torchmetrics takes features."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.num_features = dimension

    def forward(self, features: Tensor) -> Tensor:
        return features


def their_fid(real: Tensor, fake: Tensor) -> float:
    metric = FrechetInceptionDistance(Given(real.shape[1]))
    metric.update(real.double(), real=True)
    metric.update(fake.double(), real=False)
    return float(metric.compute())


def their_kid(real: Tensor, fake: Tensor) -> float:
    """Of all samples as one subset."""
    metric = KernelInceptionDistance(Given(real.shape[1]), subsets=1, subset_size=len(real))
    metric.update(real.double(), real=True)
    metric.update(fake.double(), real=False)
    return float(metric.compute()[0])


def their_inception_score(logits: Tensor) -> float:
    """Of all samples as one split."""
    metric = InceptionScore(Given(logits.shape[1]), splits=1)
    metric.update(logits.double())
    return float(metric.compute()[0])


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor, Tensor]:
    """Features of real digits, and features and logits of noisy ones, through a network that comes along."""
    stored: Any = load_digits()
    real = (stored.images * 255 / 16).round().astype("uint8")[:, None]
    noise = np.random.default_rng(0).integers(-60, 60, real.shape)
    extract = feature_network("digits").load(torch.device("cpu"))
    features, logits = extract(torch.from_numpy((real + noise).clip(0, 255).astype("uint8")))
    assert logits is not None
    return extract(torch.from_numpy(real))[0], features, logits


@pytest.mark.parametrize("dimension", [1, 2, 16, 64])
def test_fid_of_full_rank(drawn, dimension):
    real = drawn(0, 5_000, dimension).relu()
    fake = (drawn(1, 4_500, dimension) @ (drawn(2, dimension, dimension) / dimension**0.5)).relu() + 0.1
    assert frechet_distance(real, fake) == pytest.approx(their_fid(real, fake), rel=1e-9)


def test_fid_of_a_networks_features(digits):
    real, fake, _ = digits
    assert frechet_distance(real, fake) == pytest.approx(their_fid(real, fake), rel=1e-9)


# Here torchmetrics' rounding error is about 1e-8 of the variance, so below 1e-6 for features as small as these; ours is
# about 1e-15 of it (tests/metrics/test_fid.py).
@pytest.mark.parametrize("case", ["dead features", "one sample", "fewer samples than dimensions", "a plane"])
def test_fid_where_features_do_not_vary_in_some_direction(drawn, case):
    real, fake = drawn(0, 1_000, 64) / 4, drawn(1, 900, 64) / 4
    few = drawn(2, 10, 64) / 4
    if case == "dead features":
        real[:, 7], fake[:, 7] = 0, 0
    elif case == "one sample":
        fake = few[:1].repeat(300, 1)
    elif case == "fewer samples than dimensions":
        real, fake = (drawn(3, 12, 64) / 4).repeat(10, 1), few.repeat(10, 1)
    elif case == "a plane":
        fake = fake[:, :2] @ drawn(4, 2, 64)
    assert frechet_distance(real, fake) == pytest.approx(their_fid(real, fake), rel=0, abs=1e-6)


@pytest.mark.parametrize("scale", [1.0, 20.0])
def test_kid_on_the_same_subsets(drawn, scale):
    real, fake = scale * drawn(0, 300, 16).relu(), scale * (drawn(1, 250, 16).relu() + 0.1)
    parts = []
    for subset in range(5):
        of_real = stream(3, "kid real", subset).permutation(300)[:120]
        of_fake = stream(3, "kid fake", subset).permutation(250)[:120]
        parts.append(their_kid(real[of_real], fake[of_fake]))
    assert kernel_distance(real, fake, subsets=5, subset_size=120, seed=3) == pytest.approx(np.mean(parts), rel=1e-9)


def test_kid_of_a_networks_features(digits):
    real, fake, _ = digits
    expected = their_kid(real, fake)
    assert kernel_distance(real, fake, subsets=1, subset_size=len(real)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("splits", [1, 3, 10])
def test_inception_score_on_the_same_splits(drawn, digits, splits):
    for logits in (4 * drawn(0, 1_003, 10), digits[2]):
        parts = np.array_split(stream(5, "inception score").permutation(len(logits)), splits)
        expected = np.mean([their_inception_score(logits[part]) for part in parts])
        assert inception_score(logits, splits, seed=5) == pytest.approx(expected, rel=1e-9)
