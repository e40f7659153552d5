"""Counts that depend on the step."""

import pytest

from honmono.errors import Refused
from honmono.recipe.updates import Update, WarmUp


def test_counts_follow_the_clock() -> None:
    assert Update("discriminator", count=5).times(1) == 5
    warm = Update("discriminator", count=WarmUp(count=5, high=100, steps=25, every=500))
    times = {step: warm.times(step) for step in (1, 25, 26, 500, 501, 502, 1001)}
    assert times == {1: 100, 25: 100, 26: 5, 500: 5, 501: 100, 502: 5, 1001: 100}


@pytest.mark.parametrize("wrong", [{"every": 0}, {"count": 0}, {"high": 0}, {"steps": -1}])
def test_counts_of_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Refused, match="WarmUp.* count, high and every"):
        WarmUp(**wrong)
