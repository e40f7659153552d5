"""Which numbers are comparable: by equal conditions, and in lines written before conditions were kept apart."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from honmono.runs.directory import RunDirectory
from honmono.runs.evaluations import comparable, read
from honmono.runs.protocols import Protocol, arrow, better, differences, record_of, shared, upgrade


# Lines of real runs of dcgan-digits and gan-grid, as they were written while protocols were nested.
NESTED = [json.loads(text) for text in Path(__file__).with_name("nested_protocols.jsonl").read_text().splitlines()]
FID = ("digits", "fewer", "raw", "truncated", "random", "seeds")  # the first lines; all measured fid[digits]
GRID = ("grid", "more", "wide")  # the last lines
REALS = {"reals.content", "reals.total"}

# What kept two numbers apart when these lines were written.
APART: dict[tuple[str, str], set[str]] = {
    ("digits", "fewer"): {"fakes"},
    ("digits", "raw"): set(),
    ("digits", "truncated"): {"fakes.truncation"},
    ("digits", "random"): REALS,
    ("digits", "seeds"): set(),
    ("fewer", "raw"): {"fakes"},
    ("fewer", "truncated"): {"fakes", "fakes.truncation"},
    ("fewer", "random"): {"fakes"} | REALS,
    ("fewer", "seeds"): {"fakes"},
    ("raw", "truncated"): {"fakes.truncation"},
    ("raw", "random"): REALS,
    ("raw", "seeds"): set(),
    ("truncated", "random"): {"fakes.truncation"} | REALS,
    ("truncated", "seeds"): {"fakes.truncation"},
    ("random", "seeds"): REALS,
    ("grid", "more"): {"fakes"},
    ("grid", "wide"): {"data.sigma"},
    ("more", "wide"): {"fakes", "data.sigma"},
}


@pytest.mark.parametrize(
    ("names", "lines", "key"), [(FID, NESTED[:6], "fid[digits]"), (GRID, NESTED[-3:], "reverse_kl")]
)
def test_nested_protocols_compare_as_they_did(names: tuple[str, ...], lines: list[Any], key: str) -> None:
    records = {name: record_of(key, upgrade(line["protocol"])) for name, line in zip(names, lines, strict=True)}
    for one, other in combinations(names, 2):
        found = differences(records[one], records[other])
        assert set(found) == APART[one, other], (one, other)
        assert set(differences(records[other], records[one])) == set(found)


def test_a_nested_protocol_becomes_flat_maps() -> None:
    protocol = upgrade(NESTED[6]["protocol"])
    assert list(protocol) == ["fid[mnist]", "prdc[mnist]", "variety[digits]"]
    record = record_of("recall[mnist]", protocol)
    assert record["better"]["recall[mnist]"] == "higher"
    assert record["conditions"] == {
        "metric": "prdc[mnist]",
        "fakes": 200,
        "features": "mnist",
        "reals": 10_000,
        "neighbours": 5,
        "reals.content": NESTED[6]["protocol"]["reals"]["mnist"]["content"],
        "reals.total": 1_797,
        "fakes.quantized": "uint8",
        "features.checksum": NESTED[6]["protocol"]["features"]["mnist"]["checksum"],
        "features.input": "1x28x28",
    }
    assert record["context"] == {
        "reals.source": "digits",
        "reals.count": 1_797,
        "fakes.seeds": [0],
        "fakes.weights": "average",
        "fakes.batch_norm": "running",
        "fakes.batch_size": 8,
        "fakes.labels": "in turn",
        "features.resizing": "antialiased bilinear 8 -> 28",
        "versions.honmono": "0.1.0",
        "versions.torch": "2.13.0+cpu",
        "versions.numpy": "2.4.6",
        "versions.torchmetrics": "1.9.0",
        "device": "cpu",
        "precision": "float32",
    }
    assert upgrade(protocol) == protocol


def test_a_run_keeps_old_lines_beside_new_ones(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "dcgan-digits")
    old = NESTED[0]
    new = old | {"step": 3, "protocol": upgrade(old["protocol"])}
    text = "".join(json.dumps(line) + "\n" for line in (NESTED[1], old, new))
    run.metrics_jsonl.write_text(text)
    lines = read(run)
    assert [line["metrics"] for line in lines] == [line["metrics"] for line in (NESTED[1], old, old)]
    assert comparable(lines, "fid[digits]") == lines[1:]


def record(**changes: Any) -> dict[str, dict[str, Any]]:
    """Of fid[mnist]; a change whose name is among the context's is one of the context."""
    conditions = {
        "metric": "fid[mnist]",
        "fakes": 100,
        "reals": 50,
        "features": "mnist",
        "features.checksum": "a",
        "reals.content": "b",
        "data.sigma": 0.05,
    }
    context = {
        "fakes.seeds": [0],
        "fakes.weights": "average",
        "fakes.batch_norm": "running",
        "reals.source": "mnist",
        "device": "cpu",
        "precision": "float32",
        "versions.torch": "2.13.0",
    }
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return {
        "better": {"fid[mnist]": "lower"},
        "conditions": conditions | {name: value for name, value in named.items() if name not in context},
        "context": context | {name: value for name, value in named.items() if name in context},
    }


@pytest.mark.parametrize(
    ("field", "value", "before"),
    [
        ("features", "digits", "mnist"),
        ("features.checksum", "c", "a"),
        ("fakes", 10_000, 100),
        ("fakes.truncation", 0.5, None),
        ("reals", 10, 50),
        ("reals.content", "c", "b"),
        ("data.sigma", 0.1, 0.05),
        ("subset_size", 500, None),
    ],
)
def test_a_condition_keeps_numbers_apart(field: str, value: Any, before: Any) -> None:
    changed = record(**{field.replace(".", "__"): value})
    assert differences(changed, record()) == {field: (value, before)}
    assert differences(record(), changed) == {field: (before, value)}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fakes.seeds", [0, 1]),
        ("fakes.weights", "raw"),
        ("fakes.batch_norm", "batch"),
        ("reals.source", "elsewhere"),
        ("device", "cuda"),
        ("precision", "float64"),
        ("versions.torch", "3.0"),
    ],
)
def test_context_does_not(field: str, value: Any) -> None:
    assert differences(record(**{field.replace(".", "__"): value}), record()) == {}


def test_what_records_share() -> None:
    both = [record(fakes=9, device="cuda"), record(fakes=7)]
    found = shared(both)["fid[mnist]"]
    assert "fakes" not in found["conditions"] and found["conditions"]["reals"] == 50
    assert "device" not in found["context"] and found["context"]["fakes.seeds"] == [0]
    assert both[0]["conditions"]["fakes"] == 9


KEYS = {
    "prdc[mnist]": {"precision[mnist]": "higher", "recall[mnist]": "higher"},
    "neighbours[mnist]": {"neighbour_distance[mnist]": "neither"},
    "variety[mnist]": {"variety[mnist]": "neither"},
    "labels[mnist]": {"label_fidelity[mnist]": "higher"},
    "mine": {"mine": "lower", "mine.part": "sideways"},
}


@pytest.mark.parametrize(
    ("key", "metric", "direction", "sign"),
    [
        ("recall[mnist]", "prdc[mnist]", "higher", "↑"),
        ("mine", "mine", "lower", "↓"),
        ("neighbour_distance[mnist]", "neighbours[mnist]", None, ""),
        ("mine.part", "mine", None, ""),
        ("variety[mnist].cat", "variety[mnist]", None, ""),
        ("label_fidelity[mnist].a].b", "labels[mnist]", "higher", "↑"),
        ("modes", None, None, ""),
    ],
)
def test_a_number_is_traced_to_its_metric(key: str, metric: str | None, direction: str | None, sign: str) -> None:
    protocol = {name: {"better": keys, "conditions": {"metric": name}, "context": {}} for name, keys in KEYS.items()}
    found = record_of(key, protocol)
    assert found["conditions"].get("metric") == metric
    assert better(key, found) == direction and arrow(direction) == sign


def test_a_number_that_no_metric_names_depends_on_all_of_them() -> None:
    def protocol(**fakes: int) -> Protocol:
        return upgrade({"metrics": {name: {"fakes": count} for name, count in fakes.items()}, "device": "cpu"})

    def found(**fakes: int) -> dict[str, Any]:
        return dict(differences(record_of("mine", protocol(a=1, b=2)), record_of("mine", protocol(**fakes))))

    assert found(a=1, b=2) == {} and found(a=1, b=3) == {"b.fakes": (2, 3)} and found(a=1) != {}
    assert record_of("mine", protocol(a=1))["context"] == {"device": "cpu"}
