"""Feature networks by name."""

import pytest

from honmono.errors import Refused
from honmono.metrics.features.base import FeatureNetwork
from honmono.metrics.features.named import NETWORKS, feature_network


def test_every_name_gives_its_network() -> None:
    assert list(NETWORKS) == ["mnist", "digits", "cifar10", "inception", "dinov2"]
    for name in NETWORKS:
        network = feature_network(name)
        assert isinstance(network, FeatureNetwork) and network.name == name
        assert network.dimension > 0 and network.channels in (1, 3) and network.size in (8, 28, 32, None)
        assert all(isinstance(word, str) for word in network.classes)


def test_a_misspelt_name_is_told_the_nearest() -> None:
    with pytest.raises(Refused, match="'minst' features; did you mean 'mnist'[?]$"):
        feature_network("minst")
    with pytest.raises(Refused, match="'vgg' .*: give mnist, digits, cifar10, inception, dinov2$"):
        feature_network("vgg")
