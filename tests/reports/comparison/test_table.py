"""The table: digits by the interval, the best among the comparable, footnotes where protocols differ."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from honmono.reports.comparison.agreement import Agreement
from honmono.reports.comparison.compare_runs import compare
from honmono.reports.comparison.numbers import Number, Numbers
from honmono.reports.comparison.table import best_places, number_cell, text_rows
from honmono.reports.html import Cell


Maker = Callable[..., Any]
RECORD = {"better": {}, "conditions": {}, "context": {}}


@pytest.mark.parametrize(
    ("value", "interval", "shown"),
    [
        (4.23456, None, ("4.235", "")),
        (0.000123456, None, ("0.0001235", "")),
        (25.0, None, ("25", "")),
        (0.98893, (0.9868, 0.991), ("0.9889", "±0.0021")),
        (123.456, (100.0, 146.0), ("123", "±23")),
        (25.0, (25.0, 25.0), ("25", "±0")),
        (1e-9, (0.0, 2e-9), ("0.000000", "±0.000000")),
        (4.2, (math.nan, 5.0), ("4.2", "")),
        (math.nan, None, ("not finite", "")),
        (math.inf, (1.0, math.inf), ("not finite", "")),
    ],
)
def test_a_number_has_the_digits_that_its_interval_leaves(value: float, interval: Any, shown: tuple[str, str]) -> None:
    cell = number_cell(Number(value, interval, RECORD))
    assert (cell.text, cell.more) == shown


def test_what_was_not_measured_is_a_dash() -> None:
    assert number_cell(None) == Cell("–")


@pytest.mark.parametrize(
    ("values", "better", "best"),
    [
        ([1.0, 3.0, 2.0], "higher", {1}),
        ([1.0, 3.0, 1.0], "lower", {0, 2}),
        ([math.nan, 3.0, math.inf], "higher", {1}),
        ([math.nan, math.nan], "higher", set()),
        ([1.0], "higher", set()),
        ([1.0, 2.0], None, set()),
    ],
)
def test_the_best_is_finite_and_one_of_several(values: list[float], better: str | None, best: set[int]) -> None:
    measured = [Numbers(1, 1, False, None, {"k": Number(value, None, RECORD)}) for value in values]
    assert best_places(Agreement("k", range(len(values)), {}, better), measured) == best


def test_the_best_is_looked_for_among_those_that_can_be_compared() -> None:
    measured = [Numbers(1, 1, False, None, {"k": Number(value, None, RECORD)}) for value in (1.0, 2.0, 3.0)]
    assert best_places(Agreement("k", [0, 1], {2: {}}, "higher"), measured) == {1}


def test_rows_say_what_was_measured_and_what_it_cost(make: Maker, measure: Maker, protocol: Maker) -> None:
    one, other = make("one"), make("other", recipe="pacgan-grid", fields={"training": {"steps": 40}})
    measure(one, {"modes": 20, "reverse_kl": 0.5}, protocol("modes"), spread=0.25)
    measure(other, {"modes": 25, "reverse_kl": 0.5}, protocol("modes", weights="average"), best_by={"modes": "higher"})
    made = compare([one.path, other.path]).table
    assert list(made.header) == [
        *("run", "recipe", "step", "images seen", "modes ↑", "reverse_kl ↓", "weights", "batch norm", "measured"),
        *("seconds", "images/s", "device", "precision", "hardware"),
    ]
    hardware = "A processor, 1 of 2 cores"
    first, second = text_rows(made)
    assert first[:9] == ["one", "gan-grid", "20", "200", "20.00 ±0.25", "0.50* ±0.25", "raw", "running", "evaluate"]
    assert first[9:] == ["2.0", "100", "cpu", "fp32", hardware]
    assert second[1:6] == ["pacgan-grid", "20 of 40", "200", "25*", "0.5*"]
    assert second[6:9] == ["average", "running", "during training"]


def test_footnotes_name_fields_and_both_values(make: Maker, measure: Maker, protocol: Maker) -> None:
    runs = [make(name) for name in "abc"]
    names = ("fid[mnist]", "kid[mnist]")
    for run, fakes, fid in zip(runs, (1000, 100, 1000), (4.0, 1.0, 5.0), strict=True):
        measure(run, {"fid[mnist]": fid}, protocol(names[0], fakes=fakes))
        measure(run, {"kid[mnist]": fid}, protocol(names[1]))
    made = compare([run.path for run in runs], mixed=True).table
    note = "b: fid[mnist] cannot be compared with a, c: fakes is 100, not 1,000."
    assert list(made.notes) == [("1", note)]
    assert [row[4:6] for row in text_rows(made)] == [["4*", "4"], ["1 [1]", "1*"], ["5", "5"]]


def test_parts_of_a_number_stay_out_of_the_table(make: Maker, measure: Maker, protocol: Maker) -> None:
    run = make("a")
    values = {"label_fidelity[mnist]": 0.9, "label_fidelity[mnist].0": 0.8, "label_fidelity[mnist].1": 1.0}
    measure(run, values, protocol("labels[mnist]"))
    made = compare([run.path])
    assert [name for name in made.table.header if "label" in name] == ["label_fidelity[mnist] ↑"]
    assert made.to_json()["runs"][0]["metrics"] == values


def test_a_name_cannot_steer_the_terminal(make: Maker, measure: Maker, protocol: Maker) -> None:
    run = make("a", recipe="\x1b[31mred")
    measure(run, {"modes": 1}, protocol("modes"))
    assert "\x1b" not in "".join("".join(row) for row in text_rows(compare([run.path]).table))
