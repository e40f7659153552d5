"""Limits that make no sense are refused, and a client's rate is held to."""

from typing import Any

import pytest

from honmono.errors import Refused
from honmono.generation.serving.limits import MOST_CLIENTS, Limits, Rates


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"pictures": 0}, "--most-pictures 0"),
        ({"pictures": 65, "queue": 64}, "--queue 64"),
        ({"rate": 0.0}, "--rate 0.0"),
        ({"rate": float("nan")}, "--rate nan"),
    ],
)
def test_limits_are_checked(limits: dict[str, Any], named: str) -> None:
    with pytest.raises(Refused, match=named):
        Limits(**limits)


def test_a_client_waits_for_its_next_token() -> None:
    rates = Rates(2.0)
    assert [rates.wait("a", now) for now in (0.0, 0.0, 0.0)] == [0, 0, 1]
    assert rates.wait("b", 0.0) == 0, "each client has its own"
    assert [rates.wait("a", now) for now in (0.4, 0.5, 0.6)] == [1, 0, 1]
    assert [rates.wait("a", 100.0) for _ in range(3)] == [0, 0, 1], "no more than a second's are kept"


def test_slow_rates_say_how_long_to_wait() -> None:
    rates = Rates(0.1)
    assert [rates.wait("a", now) for now in (0.0, 0.0, 4.0, 10.0)] == [0, 10, 6, 0]


def test_clients_are_forgotten_and_no_rate_is_no_limit() -> None:
    rates = Rates(1.0)
    assert rates.wait("first", 0.0) == 0 and rates.wait("first", 0.0) == 1
    assert not any(rates.wait(str(client), 0.0) for client in range(MOST_CLIENTS))
    assert rates.wait("first", 0.0) == 0, "its bucket was the oldest"
    assert not any(Rates(None).wait("a", 0.0) for _ in range(100))
