"""What is said of samples that a number would keep quiet about."""

import pytest
import torch
from torch import Tensor

from honmono.errors import Failed
from honmono.evaluation.checks import SampleChecks
from honmono.evaluation.preprocess import quantized


def watched(samples: Tensor, bounds: tuple[float, float] | None = (-1.0, 1.0)) -> list[str]:
    checks = SampleChecks(bounds)
    for chunk in samples.split(50):
        rows = chunk if bounds is None else quantized(chunk, bounds)
        checks.update(chunk, rows.numpy())
    assert checks.seen == len(samples)
    return checks.notes()


def noise(number: int = 200) -> Tensor:
    return torch.rand(number, 1, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_ordinary_samples_need_no_words() -> None:
    assert watched(noise()) == []
    assert watched(torch.randn(200, 2, generator=torch.Generator().manual_seed(0)), None) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_a_failure_that_counts_the_samples(value: float) -> None:
    samples = noise()
    samples[60, 0, 1, 1] = samples[61, 0, 0, 0] = value
    with pytest.raises(Failed, match=r"NaN or infinity \(2 of 50 samples\)"):
        watched(samples)


def test_one_picture_over_and_over_is_said_to_be_one() -> None:
    (note,) = watched(noise(1).expand(200, 1, 4, 4))
    assert "all 200 samples are equal" in note
    almost = noise(1) + 1e-6 * noise()  # different numbers, one picture
    assert "all 200 samples are equal" in watched(almost)[0]
    assert "all 200 samples are equal" in watched(torch.ones(200, 2), None)[0]


def test_a_few_pictures_over_and_over_are_counted() -> None:
    (note,) = watched(noise(10).repeat(20, 1, 1, 1))
    assert "of 200 samples only 10 are distinct" in note
    assert watched(noise(40).repeat(5, 1, 1, 1)) == []


def test_values_out_of_range_are_told_with_their_share() -> None:
    samples = noise()
    samples[:, :, 0, 0] = 1.2  # one pixel of 16
    (note,) = watched(samples)
    assert note.startswith("6.2% ") and "-1 to 1" in note
    samples[:, :, 0, 0] = 1 + 1 / 260  # less than half a level: rounds to white
    assert watched(samples) == []
    samples[0, 0] = -5.0  # half a percent
    assert watched(samples) == []
