"""Which numbers may share a column: decided for each number, by conditions and not by context."""

from collections.abc import Callable
from typing import Any

import pytest

from honmono.errors import Refused
from honmono.reports.comparison.agreement import agreements, groups, refuse_mixed
from honmono.reports.comparison.compare_runs import compare
from honmono.reports.comparison.numbers import Number, Numbers
from honmono.runs.protocols import differences, record_of


Maker = Callable[..., dict[str, Any]]


def run_of(key: str, protocol: dict[str, Any]) -> Numbers:
    return Numbers(20, 200, False, None, {key: Number(1.0, None, record_of(key, protocol))})


def differing(key: str, one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What keeps this number of the first run from being compared with that of the second."""
    found = agreements([run_of(key, other), run_of(key, one)])[key]
    return dict(found.incomparable.get(1, {}))


def test_numbers_are_compared_by_the_conditions_of_their_own_metric(protocol: Maker) -> None:
    one = protocol("fid[mnist]", "modes")
    other = protocol("fid[mnist]") | protocol("modes", fakes=50)
    assert differing("fid[mnist]", one, other) == {}
    assert differing("modes", one, other) == differing("reverse_kl", one, other) == {"fakes": (100, 50)}


@pytest.mark.parametrize("key", ["precision[mnist]", "coverage[mnist]"])
def test_a_number_is_traced_to_the_metric_that_gave_it(protocol: Maker, key: str) -> None:
    one, other = protocol("prdc[mnist]", "fid[mnist]"), protocol("prdc[mnist]", fakes=7)
    assert list(differing(key, one, other)) == ["fakes"]


def test_the_parts_of_a_number_go_with_it(protocol: Maker) -> None:
    one, other = protocol("labels[mnist]"), protocol("labels[mnist]", fakes=7)
    assert len(differing("label_fidelity[mnist].3", one, other)) == 1


def test_numbers_of_one_name_by_two_metrics_are_two_numbers(protocol: Maker) -> None:
    found = differing("modes", protocol("modes"), protocol("stacked_modes[mnist]"))
    assert found["metric"] == ("modes", "stacked_modes[mnist]")


def test_content_of_reals_counts_and_context_does_not(protocol: Maker) -> None:
    one, other = protocol("fid[mnist]"), protocol("fid[mnist]", content="beef")
    assert differing("fid[mnist]", one, other) == {"reals.content": ("c0ffee", "beef")}
    assert differing("fid[mnist]", one, protocol("fid[mnist]", weights="average", batch_norm="batch", seeds=[3])) == {}


def test_a_metric_of_somebodys_own_is_its_name(protocol: Maker) -> None:
    assert differing("mine", protocol("mine"), protocol("mine")) == {}
    assert len(differing("mine", protocol("mine"), protocol("mine", fakes=7))) == 1


def test_the_protocol_says_which_values_are_better(protocol: Maker) -> None:
    known = protocol("fid[mnist]", "mine")
    found = {key: agreements([run_of(key, known)])[key].better for key in ("fid[mnist]", "mine", "unknown")}
    assert found == {"fid[mnist]": "lower", "mine": None, "unknown": None}


def test_most_runs_are_the_reference_and_of_equally_many_the_first(protocol: Maker) -> None:
    few, many = protocol("modes", fakes=10), protocol("modes")
    runs = [run_of("modes", few), run_of("modes", many), run_of("other", few), run_of("modes", many)]
    found = agreements(runs)["modes"]
    assert list(found.comparable) == [1, 3] and found.incomparable == {0: {"fakes": (10, 100)}}
    assert list(agreements(runs[:2])["modes"].comparable) == [0]


def test_groups_keep_their_order(protocol: Maker) -> None:
    records = {place: protocol("modes", fakes=fakes)["modes"] for place, fakes in enumerate((3, 9, 3, 9, 1))}
    assert groups(records) == [[0, 2], [1, 3], [4]]
    assert differences(records[0], records[2]) == {}


def test_a_refusal_names_the_first_fields_and_counts_the_others(
    make: Callable[..., Any], measure: Callable[..., None], protocol: Maker
) -> None:
    runs = [make("a"), make("b")]
    measure(runs[0], {"modes": 3}, protocol("modes"))
    measure(runs[1], {"modes": 3}, protocol("stacked_modes[mnist]", fakes=9))
    found = compare([run.path for run in runs], mixed=True)
    with pytest.raises(Refused, match="^modes of b and a .*fakes is 9, not 100; .* 3 more"):
        refuse_mixed(found.runs, found.agreements.values())
