"""Counts that depend on the step."""

import pytest

from honmono.errors import Refused
from honmono.recipe.updates import Simultaneous, Update, WarmUp, updates_made


def test_counts_follow_the_clock() -> None:
    assert Update("discriminator", count=5).times(1) == 5
    warm = Update("discriminator", count=WarmUp(count=5, high=100, steps=25, every=500))
    times = {step: warm.times(step) for step in (1, 25, 26, 500, 501, 502, 1001)}
    assert times == {1: 100, 25: 100, 26: 5, 500: 5, 501: 100, 502: 5, 1001: 100}


@pytest.mark.parametrize("wrong", [{"every": 0}, {"count": 0}, {"high": 0}, {"steps": -1}])
def test_counts_of_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Refused, match="WarmUp.* count, high and every"):
        WarmUp(**wrong)


def test_simultaneous_updates_of_a_player_move_it_once() -> None:
    program = (Simultaneous((Update("discriminator", count=2), Update("generator"))), Update("generator", count=3))
    assert [updates_made(program, player, 10) for player in ("discriminator", "generator")] == [10, 40]
    varying = (Update("discriminator", count=WarmUp(count=2, high=5, steps=1, every=9)), Update("generator"))
    assert updates_made(varying, "discriminator", 3) == 5 + 2 + 2
