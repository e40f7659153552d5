"""What cannot be measured is known before the training begins."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from honmono.data.pictures import Pictures
from honmono.data.stacked import StackedMNIST
from honmono.evaluation.availability import applicable, metrics_of_labels, unavailable_metrics
from honmono.metrics.base import Metric
from honmono.metrics.features.named import feature_network
from honmono.metrics.fid import FID
from honmono.metrics.inception_score import InceptionScore
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.nearest_class import NearestClass
from honmono.metrics.prdc import PRDC
from honmono.metrics.stacked_modes import StackedModes
from honmono.metrics.variety import Variety
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe


DIGITS = tuple("0123456789")
MNIST = (FID(features="mnist"), InceptionScore(features="mnist"), PRDC(features="mnist"))


def reason(recipe: Recipe, metric: Metric, classes: tuple[str, ...] | None = None, **words: Any) -> str:
    reasons = unavailable_metrics(recipe, [metric], classes, **words)
    assert list(reasons) in ([], [metric.name])
    return reasons.get(metric.name, "")


def test_nothing_stands_in_the_way_of_what_fits(recipe: Recipe) -> None:
    assert unavailable_metrics(recipe, [*MNIST, LabelFidelity(features="mnist")], DIGITS) == {}
    assert unavailable_metrics(find("gan-grid").make(), [ModeCoverage()]) == {}
    assert unavailable_metrics(replace(recipe, data=StackedMNIST(source="digits")), [StackedModes()]) == {}


def test_points_and_pictures_are_told_apart(recipe: Recipe) -> None:
    assert "use fid, kid or prdc" in reason(recipe, ModeCoverage())
    assert "use modes" in reason(find("gan-grid").make(), MNIST[0])


def test_a_missing_package_is_named(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # as if it were not installed
    line = "fid[dinov2]: the dinov2 features need the package transformers: pip install 'honmono[dinov2]'"
    assert unavailable_metrics(recipe, [*MNIST, FID(features="dinov2")]) == {"fid[dinov2]": line}


def test_classes_that_the_network_does_not_tell_are_named(recipe: Recipe) -> None:
    labels = LabelFidelity(features="mnist")
    line = reason(recipe, labels, ("shirt", "coat"))
    assert "only the data has 'coat', 'shirt'" in line and "only the network has '0', '1'" in line
    assert "takes no labels" in reason(replace(recipe, conditional=False), labels, DIGITS)
    assert reason(recipe, labels) == ""


def test_metrics_of_classes_are_left_out_where_none_are_asked_for(recipe: Recipe) -> None:
    plain = replace(recipe, conditional=False)
    nearest, labels, variety = (
        NearestClass(features="mnist"),
        LabelFidelity(features="mnist"),
        Variety(features="mnist"),
    )
    assert applicable(plain, [*MNIST, labels, nearest, variety], DIGITS) == [*MNIST, variety]
    assert "takes no labels" in reason(plain, nearest, DIGITS) and reason(plain, variety, DIGITS) == ""


def test_a_classifier_of_other_classes_gives_way_to_the_nearest_class(recipe: Recipe) -> None:
    nearest, labels = NearestClass(features="cifar10"), LabelFidelity(features="cifar10")
    cifar10 = feature_network("cifar10").classes
    assert applicable(recipe, [labels, nearest], cifar10) == [labels, nearest]
    assert applicable(recipe, [labels, nearest], DIGITS) == [nearest]
    assert applicable(recipe, [labels], DIGITS) == [labels]  # nothing stands for it: that it does not fit is said


def test_what_conditional_recipes_are_judged_by_besides() -> None:
    nearest, labels, variety = (
        NearestClass(features="mnist"),
        LabelFidelity(features="mnist"),
        Variety(features="mnist"),
    )
    assert metrics_of_labels([], DIGITS, "mnist") == [labels, variety]
    assert metrics_of_labels([FID(features="mnist")], ("shirt", "coat"), "cifar10") == [nearest, variety]
    assert metrics_of_labels([LabelFidelity(features="digits"), variety], DIGITS, "mnist") == []


def test_real_pictures_must_be_there(recipe: Recipe, stored: Path) -> None:
    nameless = replace(recipe, data=Pictures())
    assert "--reference SOURCE" in reason(nameless, MNIST[0])
    assert reason(nameless, MNIST[0], reference=str(stored)) == "" == reason(nameless, MNIST[1])
    assert "there is no nowhere" in reason(recipe, MNIST[0], reference="nowhere")
