"""Four float64 steps of every recipe give the losses and the weights that are stored."""

from collections.abc import Callable
from typing import Any

import pytest

import honmono


Result = dict[str, Any]
NAMES = [entry["name"] for entry in honmono.list_recipes()]


@pytest.mark.parametrize("name", NAMES)
def test_four_steps_are_those_stored(
    name: str, tiny: Callable[..., Any], train_in_float64: Callable[[Any, int], Result], golden: Callable[..., None]
) -> None:
    golden(name, train_in_float64(tiny(name), 4))


def test_a_change_of_one_millionth_is_noticed(
    tiny: Callable[..., Any],
    train_in_float64: Callable[[Any, int], Result],
    stored: Callable[..., Result],
    differences: Callable[..., list[str]],
) -> None:
    rate = honmono.find("gan-grid").make().optimizers.of("generator").keywords["lr"]
    changed = tiny("gan-grid", **{"optimizers.generator.lr": str(rate * (1 + 1e-6))})
    usual, now = (train_in_float64(recipe, 4) for recipe in (tiny("gan-grid"), changed))
    found = differences(stored("gan-grid", lambda: usual), now, 1e-9, 1e-15)
    assert any(line.startswith("/norms/generator") for line in found)


@pytest.mark.parametrize(
    ("now", "where"),
    [
        ({"losses": [{"fake": 1.0 + 2e-9}], "images": 8}, "/losses/0/fake"),
        ({"losses": [{"fake": 1.0}], "images": 9}, "/images"),
        ({"losses": [{"real": 1.0}], "images": 8}, "/losses/0/real"),
        ({"losses": [], "images": 8}, "/losses"),
    ],
)
def test_what_differs_is_named(now: Result, where: str, differences: Callable[..., list[str]]) -> None:
    stored = {"losses": [{"fake": 1.0}], "images": 8}
    assert differences(stored, stored, 1e-9, 1e-15) == []
    assert where in [line.partition(":")[0] for line in differences(stored, now, 1e-9, 1e-15)]
