"""Features chunk by chunk: neither the chunks that come nor the number asked for changes one of them."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from honmono.evaluation import extraction
from honmono.evaluation.extraction import Networks, chunk_of, regrouped
from honmono.metrics.features.named import feature_network


def pictures(number: int, side: int = 8) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(256, size=(number, 1, side, side), dtype=np.uint8))


def endless(size: int) -> Iterator[Tensor]:
    random = np.random.default_rng(0)
    while True:
        yield torch.from_numpy(random.integers(256, size=(size, 1, 8, 8), dtype=np.uint8))


@pytest.mark.parametrize("size", [1, 7, 64, 300])
def test_rows_are_regrouped_in_order(size: int) -> None:
    rows = torch.arange(300)
    chunks = [*regrouped(iter(rows.split(size)), 128)]
    assert [len(chunk) for chunk in chunks] == [128, 128, 44] and torch.equal(torch.cat(chunks), rows)
    assert [*regrouped(iter(()), 4)] == []


def test_features_are_the_network_s_own(networks: Networks) -> None:
    given = pictures(300)
    features, logits = networks.extraction("quarters", iter(given.split(77))).first(300)
    expected = given.float().view(300, 2, 4, 2, 4).mean((2, 4)).flatten(1)
    torch.testing.assert_close(features, expected)
    assert logits is not None and torch.equal(logits, features) and features.dtype == torch.float32


def test_the_first_features_never_depend_on_how_many_are_asked_for(networks: Networks) -> None:
    at_once, _ = networks.extraction("quarters", endless(64)).first(1_000)
    growing = networks.extraction("quarters", endless(64))
    for number in (1, 255, 256, 257, 90, 1_000):
        features, logits = growing.first(number)
        assert logits is not None and len(features) == len(logits) == number
        assert torch.equal(features, at_once[:number])


def test_the_network_sees_full_chunks_and_no_picture_twice(networks: Networks) -> None:
    growing = networks.extraction("quarters", iter(pictures(600).split(100)))
    for number in (10, 200, 600, 599):
        growing.first(number)
    assert getattr(networks.used["quarters"], "given") == [256, 256, 256]  # noqa: B009 (a test's own attribute)
    assert len(growing.first(10_000)[0]) == 600


def test_large_pictures_come_in_small_chunks() -> None:
    assert [chunk_of(feature_network(name)) for name in ("mnist", "inception")] == [256, 32]


def test_chunks_of_another_size_give_the_same_features(monkeypatch: pytest.MonkeyPatch) -> None:
    mnist = Networks(feature_network, torch.device("cpu"))
    given = pictures(100, 28)
    features, logits = mnist.extraction("mnist", iter([given])).first(100)
    for size in (1, 37):
        monkeypatch.setattr(extraction, "CHUNK", size)
        others = mnist.extraction("mnist", iter([given])).first(100)
        torch.testing.assert_close(others[0], features, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(others[1], logits, rtol=1e-5, atol=1e-5)
