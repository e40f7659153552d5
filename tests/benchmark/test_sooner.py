"""How soon a training reaches numbers, from its curve."""

import runpy
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def sooner(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    benchmarks = Path(__file__).parents[2] / "benchmarks"
    monkeypatch.syspath_prepend(benchmarks)  # the script imports modules of its own folder
    return runpy.run_path(str(benchmarks / "sooner.py"))


def curve(*points: tuple[float, float]) -> list[dict[str, Any]]:
    """Of FID and label fidelity, a checkpoint every 10 seconds."""
    keys = ("fid[mnist]", "label_fidelity[mnist]")
    return [{"seconds": 10.0 * n, "numbers": dict(zip(keys, point, strict=True))} for n, point in enumerate(points, 1)]


def test_numbers_are_reached_from_where_all_hold_to_the_end(sooner: dict[str, Any]) -> None:
    wanted = {"fid[mnist]": 0.5, "label_fidelity[mnist]": 0.9}
    for points, seconds in (
        ([(0.6, 0.8), (0.5, 0.9), (0.1, 0.99)], 20.0),
        ([(0.4, 0.95), (0.6, 0.95), (0.4, 0.95)], 30.0),  # FID was lost in between
        ([(0.4, 0.95), (0.4, 0.8), (0.4, 0.95)], 30.0),
        ([(0.4, 0.95), (0.4, 0.95), (0.4, 0.89)], None),
    ):
        assert sooner["seconds_to"](wanted, curve(*points)) == seconds


def test_a_goal_is_compared_by_the_median_seed_and_not_where_one_missed_it(sooner: dict[str, Any]) -> None:
    goal, loops = sooner["Goal"]({"fid[mnist]": 0.5}, "some-article", 200), {"some-article": 500.0}
    rows = [{"curve": curve(*([(0.9, 1.0)] * misses), (0.4, 1.0))} for misses in (0, 1, 3)]
    compared = sooner["compared"](goal, rows, loops)
    assert (compared["median"], compared["loop_seconds"], compared["times_sooner"]) == (20.0, 100.0, 5.0)
    missed = sooner["compared"](goal, [*rows, {"curve": curve((0.9, 1.0))}], loops)
    assert missed["median"] is None and missed["times_sooner"] is None
