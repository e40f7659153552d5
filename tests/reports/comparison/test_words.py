"""A protocol in words: nothing that matters is left out, whatever of it is there."""

from honmono.reports.comparison.words import protocol_in_words, unshared_in_words, value_in_words


PROTOCOL = {
    "reals": {
        "mnist": {"source": "mnist", "split": "train", "content": "0123456789abcdef", "count": 50, "total": 60_000}
    },
    "fakes": {"count": {"fid[mnist]": 10_000}, "seeds": [0, 1, 2], "truncation": None, "quantized": "uint8"},
    "features": {"mnist": {"checksum": "fedcba9876543210", "input": "1x28x28"}},
    "metrics": {
        "fid[mnist]": {"fakes": 10_000, "reals": 99, "features": "mnist"},
        "kid[mnist]": {"fakes": 10_000, "reals": 99, "features": "mnist"},
        "modes": {"fakes": 2_500, "radius": 3.0},
    },
    "versions": {"torch": "2.13.0"},
    "device": "cpu",
    "precision": "float32",
    "new_field": {"a": True},
}


def test_a_line_for_each_thing_that_numbers_are_made_of() -> None:
    assert protocol_in_words(PROTOCOL) == [
        "fid[mnist], kid[mnist]: fakes 10,000, reals at most 99.",
        "modes: fakes 2,500, radius 3.0.",
        "Fakes: seeds 0 to 2, quantized uint8.",
        "Reals for mnist: source mnist, split train, content 0123456789ab, count 50, total 60,000.",
        "Feature network mnist: checksum fedcba987654, input 1x28x28.",
        "Measured with: precision float32, device cpu, torch 2.13.0.",
        "Also: new field (a yes).",
    ]
    assert protocol_in_words({}) == []


def test_what_differs_without_harm_is_told_with_its_values() -> None:
    told = unshared_in_words(
        {"fakes.seeds": [[0], [0, 1, 2]], "fakes.weights": ["raw", "average"], "device": ["a", "b"]}
    )
    assert told == [
        "Not the same for all, but no reason to keep numbers apart: fakes.seeds 0 or 0 to 2, device a or b."
    ]
    assert unshared_in_words({"reals.mnist.count": [1, 2], "fakes.count.fid[mnist]": [1, 2]}) == []
    assert "reals.mnist.source a or b" in unshared_in_words({"reals.mnist.source": ["a", "b"]})[0]


def test_values() -> None:
    assert [value_in_words("x", value) for value in (None, False, 1_000, 0.5, [3, 5], [1.5])] == [
        *("none", "no", "1,000", "0.5", "3 5", "1.5")
    ]
