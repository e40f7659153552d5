"""Which numbers stand for a run: the latest, of the newest or the best checkpoint, and where they come from."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from honmono.errors import Refused
from honmono.reports.comparison.numbers import Which, read
from honmono.runs.directory import RunDirectory


Maker = Callable[..., Any]
NEWEST: Which = "newest"


def values(run: RunDirectory, which: Which = NEWEST) -> dict[str, float]:
    return {key: number.value for key, number in read([run], which)[0].numbers.items()}


def test_the_latest_line_of_each_number_at_the_newest_checkpoint(make: Maker, measure: Maker, protocol: Maker) -> None:
    run = make("a")
    measure(run, {"fid[mnist]": 9.0}, protocol("fid[mnist]"), step=10)
    measure(run, {"fid[mnist]": 5.0}, protocol("fid[mnist]"))
    measure(run, {"fid[mnist]": 6.0}, protocol("fid[mnist]", fakes=200))
    measure(run, {"kid[mnist]": 0.1}, protocol("kid[mnist]"))
    measure(run, {"fid[mnist]": 8.0}, protocol("fid[mnist]"), step=10)
    one = read([run], NEWEST)[0]
    assert (one.checkpoint, one.images, one.during_training) == (20, 200, False)
    assert values(run) == {"fid[mnist]": 6.0, "kid[mnist]": 0.1}
    assert one.numbers["fid[mnist]"].record == protocol("fid[mnist]", fakes=200)["fid[mnist]"]
    assert one.seconds == 3.0  # of the two lines that still count


def test_what_training_measured_counts_only_where_nobody_evaluated(
    make: Maker, measure: Maker, protocol: Maker
) -> None:
    run, how = make("a"), protocol("modes")
    measure(run, {"modes": 3}, how, step=10, best_by={"modes": "higher"})
    measure(run, {"modes": 7}, how, step=20, best_by={"modes": "higher"})
    assert read([run], NEWEST)[0].during_training and values(run) == {"modes": 7}
    measure(run, {"modes": 5}, how, step=10)
    one = read([run], NEWEST)[0]
    assert (one.checkpoint, one.during_training) == (10, False) and values(run) == {"modes": 5}


def test_the_best_checkpoint_is_that_of_training(make: Maker, measure: Maker, protocol: Maker) -> None:
    run, how = make("a"), protocol("modes")
    for step, modes in ((10, 9), (20, 7)):
        measure(run, {"modes": modes}, how, step=step, best_by={"modes": "higher"})
    assert values(run, "best") == {"modes": 9}
    measure(run, {"modes": 7.5}, how, step=20)
    with pytest.raises(Refused, match=r"step 10.*`honmono evaluate .*a --checkpoint best`"):
        values(run, "best")
    measure(run, {"modes": 8.5}, how, step=10)
    assert values(run, "best") == {"modes": 8.5} and values(run) == {"modes": 7.5}


def test_without_numbers_it_says_which_command_makes_them(make: Maker, measure: Maker, protocol: Maker) -> None:
    runs = [make(name) for name in "abcde"]
    with pytest.raises(Refused, match=rf"`honmono evaluate {runs[0].path}`"):
        read(runs[:1], NEWEST)
    measure(runs[0], {"modes": 5}, protocol("modes"))
    with pytest.raises(Refused, match=rf"{runs[3].path} and 1 more .*`honmono evaluate"):
        read(runs, NEWEST)
    with pytest.raises(Refused, match="nothing was measured during training"):
        read(runs[:1], "best")


def test_intervals_and_numbers_that_are_none(make: Maker, measure: Maker, protocol: Maker) -> None:
    run = make("a")
    measure(run, {"modes": 5.0, "reverse_kl": math.nan}, protocol("modes"), spread=0.5)
    numbers = read([run], NEWEST)[0].numbers
    assert numbers["modes"].interval == (4.5, 5.5) and numbers["modes"].half == 0.5
    assert math.isnan(numbers["reverse_kl"].value) and numbers["reverse_kl"].half is None


def test_what_protocols_say_of_the_fakes(make: Maker, measure: Maker, protocol: Maker) -> None:
    run = make("a")
    measure(run, {"fid[mnist]": 9.0}, protocol("fid[mnist]", weights="average"))
    measure(run, {"kid[mnist]": 9.0}, protocol("kid[mnist]", weights="raw"))
    one = read([run], NEWEST)[0]
    assert (
        one.sampled("weights") == "average, raw"
        and one.sampled("batch_norm") == "running"
        and one.sampled("size") == "–"
    )
