"""KID against a polynomial MMD written out sample by sample."""

import numpy as np
import pytest
import torch
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.kid import KID, kernel_distance
from honmono.randomness import stream


def squared_mmd(real: Tensor, fake: Tensor) -> float:
    """The unbiased estimate: means of (x.y / d + 1)^3 over pairs of different samples, and over pairs across."""
    x, y = real.double().numpy(), fake.double().numpy()

    def mean(a: np.ndarray, b: np.ndarray, same: bool) -> float:
        values = [
            (np.dot(p, q) / len(p) + 1) ** 3 for i, p in enumerate(a) for j, q in enumerate(b) if not (same and i == j)
        ]
        return float(np.mean(values))

    return mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)


@pytest.mark.parametrize("scale", [1.0, 20.0])
def test_it_agrees_with_an_independent_formula(drawn, scale):
    real, fake = scale * drawn(0, 80, 12).relu(), scale * (drawn(1, 80, 12).relu() + 0.1)
    expected = squared_mmd(real, fake)
    assert kernel_distance(real, fake, subsets=1, subset_size=80) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert kernel_distance(real, fake, subsets=7, subset_size=80, seed=3) == pytest.approx(expected, rel=1e-9)


def test_it_is_the_mean_over_subsets_drawn_by_the_seed(drawn):
    real, fake = drawn(0, 60, 5), drawn(1, 50, 5)
    parts = []
    for subset in range(3):
        chosen = [stream(9, f"kid {side}", subset).permutation(n)[:20] for side, n in (("real", 60), ("fake", 50))]
        parts.append(squared_mmd(real[chosen[0]], fake[chosen[1]]))
    assert kernel_distance(real, fake, subsets=3, subset_size=20, seed=9) == pytest.approx(np.mean(parts))
    assert kernel_distance(real, fake, subsets=3, subset_size=20, seed=9) != kernel_distance(real, fake, 3, 20, seed=8)


def test_equal_distributions_are_at_about_nothing(drawn):
    near = [kernel_distance(drawn(2 * s, 300, 8), drawn(2 * s + 1, 300, 8), 5, 200) for s in range(20)]
    assert abs(np.mean(near)) < 0.01
    assert min(near) < 0 < max(near)  # unbiased, so not kept from below 0
    assert kernel_distance(drawn(0, 300, 8), drawn(1, 300, 8) + 1, 5, 200) > 1


def test_the_metric_draws_by_the_evidences_seed(injected, drawn):
    features = {"real": drawn(0, 300, 8), "fake": drawn(1, 300, 8) + 0.1}
    metric = KID(features="mnist", fakes=200, reals=250, subsets=4, subset_size=100)
    assert (metric.name, metric.keys()) == ("kid[mnist]", {"kid[mnist]": "lower"})
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    measured = metric.measure(injected(features=features, seed=11))
    assert torch.equal(torch.random.get_rng_state(), before)
    expected = kernel_distance(features["real"][:250], features["fake"][:200], 4, 100, seed=11)
    assert measured == {"kid[mnist]": expected}
    torch.manual_seed(2)
    assert metric.measure(injected(features=features, seed=11)) == measured
    assert metric.measure(injected(features=features, seed=12)) != measured


def test_subsets_larger_than_the_samples_are_refused(injected, drawn):
    with pytest.raises(Refused, match=r"^kid\.subset_size is 1000, .* fakes=500"):
        KID(features="mnist", fakes=500)
    few = injected(features={"real": drawn(0, 90, 4), "fake": drawn(1, 300, 4)})
    told = r"kid\[mnist\] needs at least 100 reals, and there are 90"
    with pytest.raises(Refused, match=told):
        KID(features="mnist", fakes=300, subset_size=100).measure(few)
    with pytest.raises(Refused, match="at least 2 samples"):
        kernel_distance(drawn(0, 90, 4), drawn(1, 90, 4), subset_size=1)
    with pytest.raises(Refused, match=r"kid\.subsets is 0"):
        KID(features="mnist", subsets=0)
