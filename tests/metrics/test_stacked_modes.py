import math

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from honmono.errors import Refused
from honmono.metrics.modes import reverse_kl
from honmono.metrics.stacked_modes import StackedModes, stacked_modes


def logits_of(digits: np.ndarray) -> torch.Tensor:
    """Logits that say these digits: (number, channels) to (number, channels, 10)."""
    return 5 * one_hot(torch.from_numpy(digits), 10).float() - 2


def test_a_perfect_generator_reaches_1000_modes_at_the_noise_floor(injected):
    values = []
    for seed in range(20):
        digits = np.random.default_rng(seed).integers(10, size=(26_000, 3))
        measured = StackedModes().measure(injected(channels_given=logits_of(digits)))
        assert list(measured) == list(StackedModes().keys()) == ["modes", "reverse_kl"]
        assert measured["modes"] == 1_000
        values.append(measured["reverse_kl"])
    assert np.mean(values) == pytest.approx(0.0193, abs=0.0005)


def test_a_mode_is_a_triple_of_digits(injected):
    counts = stacked_modes(logits_of(np.array([[0, 0, 0], [9, 9, 9], [1, 2, 3], [1, 2, 3]])))
    assert len(counts) == 1_000
    assert counts.nonzero().flatten().tolist() == [0, 123, 999]
    assert counts[[0, 123, 999]].tolist() == [1, 2, 1]
    one = injected(channels_given=logits_of(np.full((50, 3), 7)))
    assert StackedModes(fakes=50).measure(one) == {"modes": 1.0, "reverse_kl": pytest.approx(math.log(1_000))}
    assert reverse_kl(counts) == pytest.approx(math.log(1_000) - 1.5 * math.log(2))


def test_pictures_that_are_not_of_three_channels_are_refused(injected):
    with pytest.raises(Refused, match=r"stacked_modes\[mnist\].* 3 channels, not 1"):
        StackedModes().measure(injected(channels_given=torch.zeros(10, 1, 10)))
    with pytest.raises(Refused, match=r"stacked_modes\.features: .* 'mnist'"):
        StackedModes(features="mnits")
