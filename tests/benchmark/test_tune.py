"""Tuning: which candidates there are, and that each computes the same."""

from pathlib import Path

import pytest

from honmono.benchmark import tune as tuning
from honmono.benchmark.tune import tune
from honmono.errors import Refused
from honmono.recipe import Recipe
from honmono.training.choices import read_tuning


@pytest.fixture(autouse=True)
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONMONO_CACHE", str(tmp_path))
    monkeypatch.setattr(tuning, "BLOCK_SECONDS", 0.01)


def test_without_time_the_plain_path_is_kept(points: Recipe) -> None:
    tuned = tune(points, minutes=1e-9, device="cpu")
    plain, *others = tuned.tried
    assert plain.ratio == 1 and plain.choices.compile == "off" and plain.choices.layout == "contiguous"
    assert {"step", "losses"} <= {one.choices.compile for one in others}
    assert all(one.ratio is None and one.note for one in others)
    assert tuned.best == plain
    assert read_tuning(points, plain.choices) is not None
    with pytest.raises(Refused, match="--minutes"):
        tune(points, minutes=0)


@pytest.mark.slow
def test_compiled_candidates_are_timed_where_they_compute_the_same(
    points: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(one.ratio for one in tune(points, minutes=5, device="cpu").tried)
    monkeypatch.setattr(tuning, "TOLERANCE", dict.fromkeys(tuning.TOLERANCE, -1.0))
    tuned = tune(points, minutes=5, device="cpu")
    plain, *others = tuned.tried
    assert all(one.ratio is None and "differ" in one.note for one in others)
    assert tuned.best == plain
