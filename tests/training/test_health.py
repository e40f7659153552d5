from math import inf, log, nan

import pytest

from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.relativistic import Relativistic
from honmono.training.health import NEAR, WINDOW, Health


Row = dict[str, float]


def row(real: float = 0.6, fake: float = 0.6, generator: float = 0.7) -> Row:
    return {"discriminator.real": real, "discriminator.fake": fake, "generator.fake": generator}


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_no_number_is_named_with_its_step(value: float) -> None:
    health = Health(NonSaturating())
    assert health.broken([1, 2], [row(), row()]) is None
    told = health.broken([7, 8, 9], [row(), row(generator=value), row(real=nan)])
    assert told == f"the loss generator.fake became {value} at step 8"


def test_a_saturated_player_is_told_once() -> None:
    health = Health(NonSaturating(scores="double_sigmoid"))
    stuck = [row(generator=log(2))] * 10
    told = [health.warnings(stuck) for _ in range(3 * WINDOW // 10)]
    assert [len(lines) for lines in told] == [0] * 9 + [1] + [0] * 20
    line = told[9][0]
    assert "the generator's loss has stayed at its highest possible value (0.6931) for 100 steps" in line
    assert "the discriminator wins outright" in line and "--set optimizers.discriminator.lr" in line


def test_a_player_that_recovers_is_told_again_when_it_saturates_again() -> None:
    health = Health(NonSaturating())
    won = [row(real=1e-6, fake=1e-6)] * WINDOW
    first = health.warnings(won)
    assert len(first) == 1 and "the discriminator's loss has stayed at its lowest" in first[0]
    assert "the discriminator wins outright and the generator learns almost nothing" in first[0]
    assert health.warnings([row()]) == []
    assert health.warnings(won) == first


def test_a_loss_that_only_comes_near_is_not_saturated() -> None:
    health = Health(NonSaturating(scores="double_sigmoid"))
    assert health.warnings([row(generator=log(2) - 2 * NEAR)] * WINDOW) == []
    assert health.warnings([row(generator=log(2))] * (WINDOW - 1) + [row(generator=0.6)]) == []


def test_penalties_do_not_hide_a_saturated_discriminator() -> None:
    health = Health(NonSaturating())
    won = row(real=0.0, fake=0.0) | {"discriminator.r1": 3.0}
    assert len(health.warnings([won] * WINDOW)) == 1


def test_a_relativistic_discriminator_that_wins_outright_is_told() -> None:
    dead = {"discriminator.pair": 0.0, "discriminator.r1": 0.1, "generator.pair": 30.0}
    assert "the discriminator wins outright" in Health(Relativistic()).warnings([dead] * WINDOW)[0]


def test_a_player_that_does_not_move_has_not_saturated() -> None:
    """In a warm-up of the critic the generator has no losses: that is not a loss of 0."""
    health = Health(NonSaturating())
    alone = {"discriminator.real": 0.6, "discriminator.fake": 0.6}
    assert health.warnings([alone] * (2 * WINDOW)) == []
