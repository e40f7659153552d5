import dataclasses

import pytest

from honmono.errors import Refused
from honmono.metrics.base import Metric
from honmono.metrics.fid import FID
from honmono.metrics.kid import KID
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.named import METRICS, metric
from honmono.metrics.stacked_modes import StackedModes


THROUGH_FEATURES = [kind for kind in METRICS if kind != "modes"]


def test_names_give_metrics():
    assert metric("modes") == ModeCoverage()
    assert metric("modes", "mnist") == ModeCoverage()
    assert metric(" fid[cifar10] ") == FID(features="cifar10")
    assert metric("kid", "digits") == KID(features="digits")
    assert metric("kid[mnist]", "digits") == KID(features="mnist")
    assert metric("stacked_modes") == metric("stacked_modes", "cifar10") == StackedModes(features="mnist")


@pytest.mark.parametrize("kind", THROUGH_FEATURES)
def test_a_name_is_the_metrics_own(kind):
    found = metric(f"{kind}[mnist]")
    assert (found.name, found.kind) == (f"{kind}[mnist]", kind)
    assert metric(found.name) == found


@pytest.mark.parametrize("kind", METRICS)
def test_metrics_are_frozen_values_with_distinct_keys(kind):
    found = metric(kind, "mnist")
    assert isinstance(found, Metric) and type(found).kind == kind
    assert dataclasses.replace(found) == found and hash(found) == hash(dataclasses.replace(found))
    assert found.keys() and set(found.keys().values()) <= {"higher", "lower", "neither"}
    with pytest.raises(Refused, match=rf"{kind}\.fakes is -1"):
        dataclasses.replace(found, fakes=-1)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("fidd[mnist]", "there is no metric 'fidd'; did you mean 'fid'"),
        ("fid[mnits]", r"fid\.features: .*did you mean 'mnist'"),
        ("fid", r"write fid\[mnist\], fid\[digits\], "),
        ("fid[", r"'fid\[' is not a metric's name: write fid or fid\[mnist\]"),
        ("modes[mnist]", "write modes"),
        ("precision[digits]", r"a number of the metric prdc: write prdc\[digits\]"),
        ("label_fidelity", r"a number of the metric labels: write labels\[mnist\]"),
        ("reverse_kl", "a number of the metric modes: write modes"),
        ("", "there is no metric ''"),
    ],
)
def test_other_names_are_refused(name, told):
    with pytest.raises(Refused, match=told):
        metric(name)


def test_keys_tell_what_is_better():
    directions = {key: better for kind in METRICS for key, better in metric(kind, "mnist").keys().items()}
    assert directions["fid[mnist]"] == directions["kid[mnist]"] == directions["reverse_kl"] == "lower"
    assert directions["modes"] == directions["recall[mnist]"] == directions["label_fidelity[mnist].7"] == "higher"
    assert [key for key, better in directions.items() if better == "neither"] == [
        "nearest_class_of_reals[mnist]",
        "variety[mnist]",
        "variety_pixels[mnist]",
        "neighbour_distance[mnist]",
    ]
