import numpy as np
import pytest
import scipy.special
import torch
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.inception_score import InceptionScore, inception_score
from honmono.randomness import stream


def of_one_split(logits: Tensor) -> float:
    """exp(H(mean p) - mean H(p)): the same by entropies."""
    p = scipy.special.softmax(logits.double().numpy(), axis=1)
    return float(np.exp(scipy.special.entr(p.mean(0)).sum() - scipy.special.entr(p).sum(1).mean()))


@pytest.mark.parametrize("splits", [1, 3, 10])
def test_it_agrees_with_an_independent_formula(drawn, splits):
    logits = 4 * drawn(0, 1_000, 10)
    parts = np.array_split(stream(5, "inception score").permutation(1_000), splits)
    expected = np.mean([of_one_split(logits[part]) for part in parts])
    assert inception_score(logits, splits, seed=5) == pytest.approx(expected, rel=1e-9)


def test_it_goes_from_one_to_the_number_of_classes():
    certain = 100.0 * torch.eye(10).repeat(50, 1)
    assert inception_score(certain, splits=1) == pytest.approx(10)
    assert inception_score(torch.zeros(500, 10), splits=5) == pytest.approx(1)
    assert inception_score(certain[:1].repeat(500, 1), splits=5) == pytest.approx(1)
    assert inception_score(30 * certain[:100], splits=1) == pytest.approx(10)  # float32 would lose these to 0 ln 0
    # Nine classes have a probability of exactly 0, in each sample and on average.
    assert inception_score(30 * certain[:1].repeat(500, 1), splits=5) == pytest.approx(1)


def test_the_metric_leaves_random_numbers_alone(injected, drawn):
    logits = 3 * drawn(0, 400, 10)
    evidence = injected(features={"fake": drawn(1, 400, 4)}, logits=logits, seed=6)
    metric = InceptionScore(features="mnist", fakes=300)
    assert (metric.name, metric.keys()) == ("is[mnist]", {"is[mnist]": "higher"})
    before = torch.random.get_rng_state()
    assert metric.measure(evidence) == {"is[mnist]": inception_score(logits[:300], 10, seed=6)}
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_has_no_score_is_refused(injected, drawn):
    with pytest.raises(Refused, match=r"^is\.fakes is 15; .* 20"):
        InceptionScore(features="mnist", fakes=15)
    with pytest.raises(Refused, match="at least 20 fakes, .* 15"):
        inception_score(drawn(0, 15, 10))
    with pytest.raises(Refused, match="no class logits"):
        InceptionScore(features="mnist", fakes=20).measure(injected(features={"fake": drawn(0, 20, 4)}))
    with pytest.raises(Refused, match="NaN or infinity"):
        inception_score(torch.full((20, 3), torch.nan))
