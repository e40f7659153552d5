"""FID by hand, against the closed form, and against a formula of its own, by eigenvalues of symmetric matrices."""

import re

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.fid import FID, frechet_distance
from honmono.metrics.kid import KID
from honmono.metrics.prdc import PRDC
from honmono.metrics.refusals import refuse_mismatched


def closed_form(m: np.ndarray, a: np.ndarray, n: np.ndarray, b: np.ndarray) -> float:
    """|m - n|^2 + tr(a + b) - 2 tr (a^(1/2) b a^(1/2))^(1/2): the roots of symmetric matrices, no product's."""
    values, vectors = scipy.linalg.eigh(a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    inner = scipy.linalg.eigvalsh(root @ b @ root)
    return float(np.sum((m - n) ** 2) + np.trace(a) + np.trace(b) - 2 * np.sqrt(inner.clip(0)).sum())


def of_samples(real: Tensor, fake: Tensor) -> float:
    x, y = real.double().numpy(), fake.double().numpy()
    return closed_form(x.mean(0), np.cov(x, rowvar=False), y.mean(0), np.cov(y, rowvar=False))


def test_it_is_what_a_hand_computes():
    """Means 1 and 3, variances 2 and 8: (1 - 3)^2 + 2 + 8 - 2 (2 * 8)^(1/2) = 6."""
    real, fake = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [5.0]])
    assert frechet_distance(real, fake) == pytest.approx(6, rel=1e-12)


def test_two_gaussians_are_at_the_distance_of_the_closed_form():
    random, dimension, number = np.random.default_rng(0), 8, 200_000
    roots = random.standard_normal((2, dimension, dimension)) / 2
    means = random.standard_normal((2, dimension))
    a, b = (root @ root.T for root in roots)
    samples = [
        mean + random.standard_normal((number, dimension)) @ root.T for mean, root in zip(means, roots, strict=True)
    ]
    expected = closed_form(means[0], a, means[1], b)
    assert expected > 1
    measured = frechet_distance(*(torch.from_numpy(values) for values in samples))
    assert measured == pytest.approx(expected, rel=0.01)
    # In one dimension it is (m - n)^2 + (s - t)^2.
    line = random.standard_normal((number, 1))
    assert frechet_distance(torch.from_numpy(line), torch.from_numpy(3 + 2 * line)) == pytest.approx(10, rel=0.02)


@pytest.mark.parametrize("dimension", [2, 64])
@pytest.mark.parametrize("shift", [0.0, 1_000.0])
def test_it_agrees_with_an_independent_formula(drawn, dimension, shift):
    real = drawn(0, 5_000, dimension).relu() + shift
    fake = (drawn(1, 4_500, dimension) @ (drawn(2, dimension, dimension) / dimension**0.5)).relu() + shift
    assert frechet_distance(real, fake) == pytest.approx(of_samples(real, fake), rel=1e-9)


def test_features_that_do_not_vary_are_measured(drawn):
    """A collapsed generator and dead features have singular covariances."""
    real = drawn(0, 500, 6)
    real[:, 5] = 0
    same = torch.ones(300, 6)
    expected = float((real.double().mean(0) - 1).square().sum() + real.double().var(0).sum())
    assert frechet_distance(real, same) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-12)
    assert 0 <= frechet_distance(real, real.flip(0)) < 1e-12


def test_directions_without_variance_add_nothing(drawn):
    """In a plane of 64 dimensions two sets are as far from each other as in the plane."""
    real, fake = drawn(0, 500, 2).double(), 3 * drawn(1, 400, 2).double() + 1
    plane = torch.linalg.qr(drawn(2, 64, 2).double()).Q.T
    assert frechet_distance(real @ plane, fake @ plane) == pytest.approx(frechet_distance(real, fake), rel=1e-12)


def test_the_metric_takes_as_many_as_it_says(injected, drawn):
    real, fake = drawn(0, 3_000, 8), drawn(1, 3_000, 8)
    evidence = injected(features={"real": real, "fake": fake})
    metric = FID(features="mnist", fakes=2_000, reals=2_500)
    assert (metric.name, metric.keys()) == ("fid[mnist]", {"fid[mnist]": "lower"})
    assert metric.measure(evidence) == {"fid[mnist]": frechet_distance(real[:2_500], fake[:2_000])}
    # A source with fewer reals than asked for gives all it has.
    few = injected(features={"real": real[:50], "fake": fake})
    assert FID(features="mnist", fakes=100).measure(few) == {"fid[mnist]": frechet_distance(real[:50], fake[:100])}


def test_too_few_samples_are_refused(injected, drawn):
    real, fake = drawn(0, 200, 64), drawn(1, 64, 64)
    told = r"fid\[mnist\]: a Fréchet distance in 64 dimensions needs at least 65 fakes, and there are 64"
    with pytest.raises(Refused, match=told):
        FID(features="mnist", fakes=64).measure(injected(features={"real": real, "fake": fake}))
    with pytest.raises(Refused, match="at least 65 reals"):
        frechet_distance(fake, real)
    assert frechet_distance(real[:65], real[100:165]) > 0


@pytest.mark.parametrize(
    ("metric", "least"), [(FID(features="mnist"), 65), (KID(features="mnist"), 1_000), (PRDC(features="mnist"), 6)]
)
def test_too_few_reals_are_refused_before_fakes_are_made(injected, drawn, metric, least: int):
    few = injected(features={"real": drawn(0, least - 1, 64)})  # and no fakes to be asked for
    told = rf"needs at least {least:,} reals, and there are {least - 1}"
    with pytest.raises(Refused, match=re.escape(metric.name) + " " + told):
        metric.measure(few)


def test_what_cannot_be_compared_is_refused(drawn):
    with pytest.raises(Refused, match="cannot be compared"):
        refuse_mismatched(drawn(0, 20, 4), drawn(0, 20, 5))  # as a caller without shape checks gets it
    broken = drawn(0, 20, 4)
    broken[3, 2] = float("nan")
    with pytest.raises(Refused, match="the real features .* NaN"):
        frechet_distance(broken, drawn(0, 20, 4))
    with pytest.raises(Refused, match=r"fid\.reals is 1: give at least 2"):
        FID(features="mnist", reals=1)
    with pytest.raises(Refused, match=r"fid\.features: .*did you mean 'cifar10'"):
        FID(features="cifar")
