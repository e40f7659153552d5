"""Precision, recall, density and coverage against every distance at once."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.prdc import PRDC, Scores, prdc


def brute_force(real: Tensor, fake: Tensor, k: int) -> Scores:
    """The definitions, on whole matrices of distances in float64."""
    x, y = real.double().numpy(), fake.double().numpy()
    real_reach = np.sort(cdist(x, x), axis=1)[:, k]  # place 0 is the sample itself
    fake_reach = np.sort(cdist(y, y), axis=1)[:, k]
    across = cdist(x, y)
    return Scores(
        precision=float((across <= real_reach[:, None]).any(axis=0).mean()),
        recall=float((across <= fake_reach[None, :]).any(axis=1).mean()),
        density=float((across < real_reach[:, None]).sum() / (k * len(y))),
        coverage=float((across < real_reach[:, None]).any(axis=1).mean()),
    )


@pytest.mark.parametrize("neighbours", [1, 5])
@pytest.mark.parametrize(("dimension", "shift"), [(2, 0.5), (16, 0.2), (64, 0.1)])
@pytest.mark.parametrize("offset", [0.0, 1_000.0])
def test_it_agrees_with_brute_force(drawn, neighbours, dimension, shift, offset):
    real = drawn(0, 700, dimension) + offset
    fake = 0.8 * drawn(1, 600, dimension) + shift + offset
    expected = brute_force(real, fake, neighbours)
    assert 0 < expected.recall < 1 and 0 < expected.density
    assert prdc(real, fake, neighbours) == pytest.approx(expected, abs=1e-6)


def test_blocks_do_not_show(drawn):
    real, fake = drawn(0, 120, 8), 0.7 * drawn(1, 90, 8)
    whole = prdc(real, fake, 3)
    assert prdc(real, fake, 3, device=torch.device("cpu")) == whole
    assert {prdc(real, fake, 3, block=block) for block in (4, 7, 64, 120)} == {whole}


def test_threads_do_not_show(drawn):
    real, fake = drawn(0, 700, 8), 0.7 * drawn(1, 600, 8)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = prdc(real, fake, 3, block=100)
        torch.set_num_threads(3)
        assert prdc(real, fake, 3, block=100) == alone
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("block", [10, 64, 1024])
def test_identical_sets_are_perfect(drawn, block):
    real = drawn(0, 200, 32) + 5
    assert prdc(real, real.clone(), 5, block) == Scores(1.0, 1.0, 1.0, 1.0)
    assert prdc(real, real.flip(0), 5, block) == Scores(1.0, 1.0, 1.0, 1.0)


def test_disjoint_sets_share_nothing(drawn):
    real = drawn(0, 200, 4)
    assert prdc(real, real + 100, 5) == Scores(0.0, 0.0, 0.0, 0.0)


def test_equal_distributions_have_a_density_of_one(drawn):
    scores = prdc(drawn(0, 3_000, 8), drawn(1, 3_000, 8), 5)
    assert scores.density == pytest.approx(1, abs=0.05)
    assert scores.coverage == pytest.approx(1 - 0.5**5, abs=0.03)  # Naeem et al., their equation 12


def test_a_dropped_mode_costs_recall_and_a_stray_one_precision(drawn):
    left, right = drawn(0, 300, 3), drawn(1, 300, 3) + 50
    dropped = prdc(torch.cat([left, right]), torch.cat([left, left]) + 0.01, 5)
    assert dropped.precision > 0.9 and dropped.recall <= 0.5 and dropped.coverage <= 0.5
    stray = prdc(left, torch.cat([left, right]), 5)
    assert stray.precision == 0.5 and stray.recall == 1


def test_twins_are_at_no_distance(drawn):
    """Copies of one sample have balls of no reach: whatever lies in them does so exactly."""
    real = drawn(0, 100, 8) + 3
    collapsed = real[:1].repeat(100, 1)
    scores = prdc(real, collapsed, 5)
    assert (scores.precision, scores.recall) == (1.0, 0.01)
    assert scores == pytest.approx(brute_force(real, collapsed, 5))


def test_the_metric_gives_four_numbers(injected, drawn):
    real, fake = drawn(0, 500, 8), drawn(1, 500, 8)
    metric = PRDC(features="mnist", fakes=300, reals=400)
    names = ["precision[mnist]", "recall[mnist]", "density[mnist]", "coverage[mnist]"]
    assert (metric.name, metric.keys()) == ("prdc[mnist]", dict.fromkeys(names, "higher"))
    measured = metric.measure(injected(features={"real": real, "fake": fake}))
    assert measured == dict(zip(names, prdc(real[:400], fake[:300], 5), strict=True))


def test_reals_with_copies_are_noted_beside_the_numbers(injected, drawn):
    """A perfect generator of them scores density and coverage 0: no ball of no reach has anything inside."""
    unique, copied = drawn(0, 60, 8), drawn(1, 40, 8).repeat(6, 1)
    metric = PRDC(features="mnist", fakes=240, reals=300)
    evidence = injected(features={"real": copied, "fake": copied})
    assert metric.measure(evidence)["density[mnist]"] == metric.measure(evidence)["coverage[mnist]"] == 0
    assert "240 of 240 reals" in evidence.noted[0]
    mixed = injected(features={"real": torch.cat([unique, copied]), "fake": copied})
    assert metric.measure(mixed)["coverage[mnist]"] <= 60 / 300
    assert len(mixed.noted) == 1 and "240 of 300 reals" in mixed.noted[0]
    four = injected(features={"real": copied[:200], "fake": copied})  # four copies of each beside itself
    metric.measure(four)
    assert four.noted == []


def test_too_many_neighbours_are_refused(injected, drawn):
    with pytest.raises(Refused, match=r"^prdc\.neighbours is 10, .* fakes=10"):
        PRDC(features="mnist", fakes=10, neighbours=10)
    few = injected(features={"real": drawn(0, 5, 4), "fake": drawn(1, 50, 4)})
    told = r"prdc\[mnist\] needs at least 6 reals, and there are 5"
    with pytest.raises(Refused, match=told):
        PRDC(features="mnist", fakes=50).measure(few)
    with pytest.raises(Refused, match="neighbours is 0"):
        prdc(drawn(0, 5, 4), drawn(1, 5, 4), 0)
