"""What a study says of its moments, from numbers made by hand."""

from typing import Any

from honmono.reports.comparison.agreement import Agreement
from honmono.studies.moment_tables import winners


def measured(**values: float) -> dict[str, Any]:
    return {"metrics": values}


def test_the_best_at_each_moment_is_said_by_number() -> None:
    courses = {
        "one": [{"early": measured(fid=3.0, recall=0.5, variety=1.0), "the end": measured(fid=2.0, recall=0.6)}],
        "two": [{"early": measured(fid=1.0, recall=0.4, variety=1.0), "the end": measured(fid=1.0, recall=0.7)}],
    }
    agreements = {
        "fid": Agreement("fid", [0, 1], {}, "lower"),
        "recall": Agreement("recall", [0, 1], {}, "higher"),
        "variety": Agreement("variety", [0, 1], {}),
    }
    assert list(winners(courses, agreements)) == [
        "At early the best is one by recall; two by fid.",
        "At the end the best is two by fid, recall.",
    ]
    apart = {"fid": Agreement("fid", [0], {1: {}}, "lower")}  # measured under other conditions: nobody wins
    assert list(winners(courses, apart)) == []
