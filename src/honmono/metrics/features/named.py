"""Feature networks by their names in a metric's brackets."""

from honmono.errors import Refused, did_you_mean
from honmono.metrics.features.base import FeatureNetwork
from honmono.metrics.features.classifiers import Cifar10, Digits, Mnist
from honmono.metrics.features.pretrained import DinoV2, Inception


_ALL: tuple[type[FeatureNetwork], ...] = (Mnist, Digits, Cifar10, Inception, DinoV2)
NETWORKS = {network.name: network for network in _ALL}


def feature_network(name: str) -> FeatureNetwork:
    """The feature network of that name; nothing is loaded yet. Raises `Refused` where there is none."""
    if name not in NETWORKS:
        nearest = did_you_mean(name, NETWORKS)
        raise Refused(f"there are no {name!r} features{nearest or ': give ' + ', '.join(NETWORKS)}")
    return NETWORKS[name]()
