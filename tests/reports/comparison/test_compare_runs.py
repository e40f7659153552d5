"""`honmono.compare`: what it refuses, and the documents that it writes."""

import csv
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import honmono
from honmono.errors import Refused
from honmono.reports.comparison.page import page
from honmono.reports.comparison.table import text_rows


Maker = Callable[..., Any]


@pytest.fixture
def two(make: Maker, measure: Maker, protocol: Maker) -> list[Path]:
    """Two runs that agree on kid[mnist], and whose fid[mnist] cannot be compared."""
    runs = [make("a"), make("b")]
    for run, fakes in zip(runs, (100, 200), strict=True):
        measure(run, {"fid[mnist]": 4.0 * fakes}, protocol("fid[mnist]", fakes=fakes, seeds=[fakes]), spread=1.0)
        measure(run, {"kid[mnist]": 0.5}, protocol("kid[mnist]"))
    return [run.path for run in runs]


def test_protocols_are_not_mixed_silently(two: list[Path]) -> None:
    with pytest.raises(Refused) as refusal:
        honmono.compare(two)
    assert "fid[mnist] of b and a " in str(refusal.value) and ": fakes is 200, not 100; " in str(refusal.value)
    assert "--mixed" in str(refusal.value)


def test_one_strict_document(two: list[Path]) -> None:
    made = honmono.compare(two, mixed=True).to_json()
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert list(made) == ["runs", "protocol", "mixed"]
    differences = {"fakes": {"here": 200, "there": 100}}
    assert made["mixed"] == [{"metric": "fid[mnist]", "run": "b", "compared_with": ["a"], "differences": differences}]
    first, second = made["runs"]
    assert first["metrics"] == {"fid[mnist]": 400.0, "kid[mnist]": 0.5} and first["not_comparable"] == []
    assert first["intervals"] == {"fid[mnist]": [399.0, 401.0]} and second["not_comparable"] == ["fid[mnist]"]
    assert (first["checkpoint"], first["steps"], first["images"], first["seconds"]) == (20, 20, 200, 2.0)
    shared = made["protocol"]["fid[mnist]"]
    assert "fakes" not in shared["conditions"] and shared["conditions"]["features.checksum"] == "abc"
    assert "fakes.seeds" not in shared["context"] and shared["context"]["fakes.weights"] == "raw"


def test_a_flat_table(two: list[Path], tmp_path: Path) -> None:
    honmono.compare(two, mixed=True, out=tmp_path / "new" / "table.csv")
    with open(tmp_path / "new" / "table.csv", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["run"], first["fid[mnist]"], first["fid[mnist].low"]) == ("a", "400.0", "399.0")
    assert (first["not_comparable"], second["not_comparable"]) == ("", "fid[mnist]")


def test_numbers_that_are_none(make: Maker, measure: Maker, protocol: Maker) -> None:
    runs = [make("a"), make("b")]
    measure(runs[0], {"modes": 3, "reverse_kl": math.nan}, protocol("modes"))
    measure(runs[1], {"modes": 2}, protocol("modes"))
    made = honmono.compare([run.path for run in runs])
    assert made.to_json()["runs"][0]["metrics"] == {"modes": 3, "reverse_kl": None}
    _, first, second = csv.reader(made.csv().splitlines())
    place = made.csv().splitlines()[0].split(",").index("reverse_kl")
    assert (first[place], second[place]) == ("nan", "")


def test_runs_that_share_no_number_stand_beside_each_other(make: Maker, measure: Maker, protocol: Maker) -> None:
    runs = [make("a"), make("b")]
    measure(runs[0], {"modes": 3}, protocol("modes"))
    measure(runs[1], {"fid[mnist]": 3}, protocol("fid[mnist]"))
    assert honmono.compare([run.path for run in runs]).mixed == []


def test_what_is_told_beside_the_table(two: list[Path]) -> None:
    lines = honmono.compare(two, mixed=True).lines
    assert any(line.startswith("[1] b: fid[mnist] cannot be compared with a") for line in lines)
    assert any(line.startswith("fid[mnist]: fakes 100 or 200, ") and "fakes.seeds 100 or 200" in line for line in lines)
    assert any(line.startswith("all: features mnist, features.checksum abc") for line in lines)


def test_a_run_named_twice_is_shown_once_and_told(two: list[Path]) -> None:
    with pytest.warns(UserWarning, match="given twice"):
        assert len(honmono.compare([two[0], two[0]]).runs) == 1


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ({"out": "table.txt"}, "--out table.txt: give a .html or .csv file"),
        ({"checkpoint": "last"}, "--checkpoint last: give newest or best"),
    ],
)
def test_wrong_calls_are_refused_first(call: dict[str, Any], line: str) -> None:
    with pytest.raises(Refused, match=f"^{line}$"):
        honmono.compare(["nowhere"], **call)


def test_what_is_not_a_run_is_refused(two: list[Path]) -> None:
    with pytest.raises(Refused, match="there is no run directory"):
        honmono.compare([*two, "nowhere"])


def test_more_runs_than_lines_and_pictures_can_show(make: Maker, measure: Maker, protocol: Maker) -> None:
    runs = [make(f"run-{place}") for place in range(50)]
    for place, run in enumerate(runs):
        measure(run, {"modes": place}, protocol("modes"))
    made = honmono.compare([run.path for run in runs])
    assert len(made.to_json()["runs"]) == 50
    assert [place for place, row in enumerate(text_rows(made.table)) if row[4].endswith("*")] == [49]
    assert page(made).count("<figure>") == 1 + 1 + 48  # a loss, the reals, samples


def test_reading_runs_loads_neither_torch_nor_matplotlib() -> None:
    modules = ", ".join(f"honmono.reports.comparison.{name}" for name in ("summary", "numbers", "compare_runs"))
    code = f"import sys, {modules}; print(*{{'torch', 'matplotlib', 'sklearn'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_what_other_numbers_of_an_evaluation_were_made_of_is_not_told_of_these(
    make: Maker, measure: Maker, protocol: Maker
) -> None:
    run = make("a")
    measure(run, {"fid[mnist]": 3.0, "recall[mnist]": 0.5}, protocol("fid[mnist]", "prdc[mnist]"))
    measure(run, {"recall[mnist]": 0.7}, protocol("prdc[mnist]", fakes=200))
    made = honmono.compare([run.path])
    assert made.protocol["prdc[mnist]"]["conditions"]["fakes"] == 200
    assert made.protocol["fid[mnist]"]["conditions"]["fakes"] == 100
    assert not any(" or " in line for line in made.how_measured)
