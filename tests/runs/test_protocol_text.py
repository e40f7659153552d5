"""Protocols in words: no field is left out, and values are readable."""

from typing import Any

from honmono.runs.protocol_text import describe, describe_differences, format_value


def record(metric: str, conditions: dict[str, Any], **context: Any) -> dict[str, dict[str, Any]]:
    return {"better": {}, "conditions": {"metric": metric, **conditions}, "context": context}


def test_metrics_with_the_same_value_share_a_line() -> None:
    fid, kid = {"fakes": 10_000, "features": "mnist"}, {"fakes": 10_000, "features": "digits"}
    lines = describe(
        [
            record("fid", fid, device="cpu"),
            record("kid", kid, device="cpu"),
            record("modes", {"fakes": 9}, device="cpu"),
        ]
    )
    assert lines == [
        "fid, kid: fakes 10,000",
        "fid: features mnist",
        "all: device cpu",
        "kid: features digits",
        "modes: fakes 9",
    ]
    assert describe([record("fid", fid)]) == ["fid: fakes 10,000, features mnist"]
    assert describe([]) == []


def test_values_of_several_runs_are_all_given() -> None:
    runs = [record("fid", {"fakes": 9}, seeds=[0], device=name) for name in ("cpu", "cuda", "cpu")]
    assert describe(runs) == ["fid: fakes 9, seeds 0, device cpu or cuda"]


def test_differences() -> None:
    assert describe_differences({"fakes": (500, 1_000), "fakes.truncation": (None, 0.5)}) == (
        "fakes is 500, not 1,000; fakes.truncation is none, not 0.5"
    )


def test_values() -> None:
    values = (None, False, 1_000, 0.5, [3, 5], "x" * 70)
    assert [format_value("x", value) for value in values] == ["none", "False", "1,000", "0.5", "3 5", f"{'x' * 60}..."]
    assert format_value("reals.content", "0123456789abcdef") == "0123456789ab"
