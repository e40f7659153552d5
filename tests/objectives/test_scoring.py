"""Answers to reals and fakes."""

import pytest
import torch
from torch import Tensor

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.objectives.scoring import score, score_real_and_fake


def test_together_and_apart_are_the_same_answers_in_one_call_or_two() -> None:
    real, fake = torch.randn(3, 2), torch.randn(4, 2, dtype=torch.float64)
    labels, fake_labels = torch.tensor([0, 1, 2]), torch.tensor([2, 2, 1, 0])
    calls = []

    def judge(sample: Tensor, label: Tensor | None) -> Tensor:
        calls.append(len(sample))
        assert label is not None
        return sample.sum(1).float() + label

    together, apart = (score_real_and_fake(judge, Batch(real, labels), fake, fake_labels, one) for one in (True, False))
    assert calls == [7, 3, 4]
    for one, other in zip(together, apart, strict=True):
        torch.testing.assert_close(one, other)
    assert [len(one) for one in together] == [3, 4]


def test_samples_without_labels_are_judged_without() -> None:
    seen = []
    score_real_and_fake(
        lambda sample, label: seen.append(label) or sample, Batch(torch.ones(2, 1), None), torch.ones(1, 1), None, True
    )
    assert seen == [None]


def test_a_score_is_one_number_a_sample_in_float32_or_wider() -> None:
    assert (
        score(lambda sample, label: sample[:, 0], torch.ones(3, 2, dtype=torch.bfloat16), None).dtype == torch.float32
    )
    with pytest.raises(Refused, match=r"\(3, 5\): set discriminator.outcomes=none"):
        score(lambda sample, label: sample, torch.ones(3, 5), None)
