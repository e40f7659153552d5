from math import inf, log, nan

import pytest

from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.relativistic import Relativistic
from honmono.training.monitoring.health import NEAR, WINDOW, Health


Row = dict[str, float]


def row(real: float = 0.6, fake: float = 0.6, generator: float = 0.7) -> Row:
    return {"discriminator.real": real, "discriminator.fake": fake, "generator.fake": generator}


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_no_number_is_named_with_its_step(value: float) -> None:
    health = Health(NonSaturating())
    assert health.broken([1, 2], [row(), row()]) is None
    told = health.broken([7, 8, 9], [row(), row(generator=value), row(real=nan)])
    assert told == f"the loss generator.fake became {value} at step 8"


def winners(health: Health, rows: list[Row]) -> list[str]:
    return [found.winner for found in health.saturated(rows)]


def test_a_player_is_saturated_as_long_as_its_loss_stays_at_a_bound() -> None:
    health = Health(NonSaturating(scores="double_sigmoid"))
    stuck = [row(generator=log(2))] * 10
    assert [winners(health, stuck) for _ in range(11)] == [[]] * 9 + [["discriminator"]] * 2
    assert winners(health, [row(generator=0.5)]) == []
    line = Health(NonSaturating(scores="double_sigmoid")).saturated(stuck * 10)[0].text
    assert "the generator's loss has stayed at its highest possible value (0.6931)" in line


def test_a_discriminator_that_is_certain_wins() -> None:
    found = Health(NonSaturating()).saturated([row(real=1e-3, fake=1e-3)] * WINDOW)
    assert [one.winner for one in found] == ["discriminator"]
    assert "the discriminator's loss has stayed at its lowest" in found[0].text


def test_a_discriminator_that_is_wrong_for_certain_has_lost() -> None:
    lost = [row(real=100.0, fake=100.0, generator=0.0)] * WINDOW
    assert winners(Health(NonSaturating(scores="probabilities")), lost) == ["generator", "generator"]


def test_the_window_is_full_after_as_many_steps() -> None:
    health = Health(NonSaturating())
    health.saturated([row()] * (WINDOW - 1))
    assert not health.full
    health.saturated([row()])
    assert health.full


def test_a_loss_that_only_comes_near_is_not_saturated() -> None:
    double = NonSaturating(scores="double_sigmoid")
    assert winners(Health(double), [row(generator=log(2) - 2 * NEAR)] * WINDOW) == []
    assert winners(Health(double), [row(generator=log(2))] * (WINDOW - 1) + [row(generator=0.6)]) == []


def test_penalties_do_not_hide_a_saturated_discriminator() -> None:
    won = row(real=0.0, fake=0.0) | {"discriminator.r1": 3.0}
    assert winners(Health(NonSaturating()), [won] * WINDOW) == ["discriminator"]


def test_a_relativistic_discriminator_wins_too() -> None:
    dead = {"discriminator.pair": 0.0, "discriminator.r1": 0.1, "generator.pair": 30.0}
    assert winners(Health(Relativistic()), [dead] * WINDOW) == ["discriminator"]


def test_a_player_that_does_not_move_has_not_saturated() -> None:
    """In a warm-up of the critic the generator has no losses: that is not a loss of 0."""
    alone = {"discriminator.real": 0.6, "discriminator.fake": 0.6}
    assert winners(Health(NonSaturating()), [alone] * (2 * WINDOW)) == []
