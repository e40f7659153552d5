"""What a protocol says of the numbers made by it."""

import pytest

from honmono.runs.protocols import arrow, better, giver


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
    protocol = {"keys": KEYS}
    assert giver(key, protocol) == metric
    assert better(key, protocol) == direction and arrow(direction) == sign


@pytest.mark.parametrize("keys", [None, "x", {"mine": ["mine"]}, {"mine": None}])
def test_a_protocol_of_something_else_says_nothing(keys: object) -> None:
    assert giver("mine", {"keys": keys}) is None and better("mine", {"keys": keys}) is None
    assert giver("mine", {}) is None
