"""Which numbers may stand in one column: told per metric, by protocols and not by what is only told with them."""

from collections.abc import Callable
from typing import Any

import pytest

from honmono.reports.comparison.agreement import Difference, agreements, differing, shared, unshared
from honmono.reports.comparison.numbers import Number, Numbers


Maker = Callable[..., dict[str, Any]]


def run_of(**keys: dict[str, Any]) -> Numbers:
    return Numbers(20, 200, False, None, {key: Number(1.0, None, protocol) for key, protocol in keys.items()})


def test_protocols_are_compared_for_each_metric(protocol: Maker) -> None:
    one, other = protocol("fid[mnist]", "modes"), protocol("fid[mnist]", "modes")
    other["metrics"]["modes"]["fakes"] = 50
    assert differing("fid[mnist]", one, other) == []
    expected = [Difference("metrics.modes.fakes", 100, 50)]
    assert differing("modes", one, other) == differing("reverse_kl", one, other) == expected


@pytest.mark.parametrize("key", ["precision[mnist]", "coverage[mnist]"])
def test_a_number_is_traced_to_the_metric_that_gave_it(protocol: Maker, key: str) -> None:
    one, other = protocol("prdc[mnist]", "fid[mnist]"), protocol("prdc[mnist]", fakes=7)
    assert [difference.field for difference in differing(key, one, other)] == ["metrics.prdc[mnist].fakes"]


def test_the_parts_of_a_number_go_with_it(protocol: Maker) -> None:
    one, other = protocol("labels[mnist]"), protocol("labels[mnist]", fakes=7)
    assert len(differing("label_fidelity[mnist].3", one, other)) == 1


def test_numbers_of_one_name_by_two_metrics_are_two_numbers(protocol: Maker) -> None:
    found = differing("modes", protocol("modes"), protocol("stacked_modes[mnist]"))
    assert found == [Difference("metric", "modes", "stacked_modes[mnist]")]


def test_content_of_reals_counts_and_where_they_lay_does_not(protocol: Maker) -> None:
    one, other = protocol("fid[mnist]"), protocol("fid[mnist]", content="beef")
    assert differing("fid[mnist]", one, other) == [Difference("reals.mnist.content", "c0ffee", "beef")]
    moved = protocol("fid[mnist]", weights="average", batch_norm="batch")
    moved["reals"]["mnist"] = moved["reals"]["mnist"] | {"source": "elsewhere"}
    moved |= {"device": "cuda", "versions": {"torch": "3"}}
    assert differing("fid[mnist]", one, moved) == []


def test_a_metric_of_somebodys_own_is_its_name(protocol: Maker) -> None:
    assert differing("mine", protocol("mine"), protocol("mine")) == []
    assert len(differing("mine", protocol("mine"), protocol("mine", fakes=7))) == 1


def test_protocols_that_do_not_say_what_gave_a_number_are_compared_in_all(protocol: Maker) -> None:
    one, other = protocol("prdc[mnist]"), protocol("prdc[mnist]", fakes=7)
    del one["keys"], other["keys"]
    assert [found.field for found in differing("recall[mnist]", one, other)] == ["metrics.prdc[mnist].fakes"]


def test_the_protocol_says_which_values_are_better(protocol: Maker) -> None:
    known = protocol("fid[mnist]", "mine")
    keys = {"fid": known, "mine": known}
    assert agreements([run_of(**keys)])["fid"].better is None  # a number that nobody speaks of
    one = Numbers(20, 200, False, None, {key: Number(1.0, None, known) for key in ("fid[mnist]", "mine")})
    assert {key: found.better for key, found in agreements([one]).items()} == {"fid[mnist]": "lower", "mine": None}


def test_most_runs_are_the_reference_and_of_equally_many_the_first(protocol: Maker) -> None:
    few, many = protocol("modes", fakes=10), protocol("modes")
    found = agreements([run_of(modes=few), run_of(modes=many), run_of(other=few), run_of(modes=many)])["modes"]
    assert (found.reference, list(found.alike), list(found.apart)) == (1, [1, 3], [0])
    assert found.apart[0] == [Difference("metrics.modes.fakes", 10, 100)]
    assert agreements([run_of(modes=few), run_of(modes=many)])["modes"].reference == 0


def test_what_is_shared_and_what_is_not() -> None:
    protocols = [{"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 2, "d": 4}, "e": [5]}, {"b": {"d": 3}}]
    assert shared(protocols) == {"a": 1, "b": {"c": 2}, "e": [5]}
    assert unshared(protocols) == {"b.d": [3, 4]}
