"""What cannot be measured is known before the training begins."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from honmono.data.pictures import Pictures
from honmono.data.stacked import StackedMNIST
from honmono.evaluation.availability import applicable, of_classes, ready
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


def told(recipe: Recipe, metric: Metric, classes: tuple[str, ...] | None = None, **words: Any) -> str:
    obstacles = ready(recipe, [metric], classes, **words)
    assert list(obstacles) in ([], [metric.name])
    return obstacles.get(metric.name, "")


def test_nothing_stands_in_the_way_of_what_fits(recipe: Recipe) -> None:
    assert ready(recipe, [*MNIST, LabelFidelity(features="mnist")], DIGITS) == {}
    assert ready(find("gan-grid").make(), [ModeCoverage()]) == {}
    assert ready(replace(recipe, data=StackedMNIST(source="digits")), [StackedModes()]) == {}


def test_points_and_pictures_are_told_apart(recipe: Recipe) -> None:
    assert "judges points, and this recipe makes pictures: measure fid, kid or prdc" in told(recipe, ModeCoverage())
    assert "judges pictures, and this recipe makes points: measure modes" in told(find("gan-grid").make(), MNIST[0])


def test_a_missing_package_is_named(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # as if it were not installed
    line = "fid[dinov2]: the dinov2 features need the package transformers: pip install 'honmono[dinov2]'"
    assert ready(recipe, [*MNIST, FID(features="dinov2")]) == {"fid[dinov2]": line}


def test_classes_that_the_network_does_not_tell_are_named(recipe: Recipe) -> None:
    labels = LabelFidelity(features="mnist")
    line = told(recipe, labels, ("shirt", "coat"))
    assert "only the data has 'coat', 'shirt'" in line and "only the network has '0', '1'" in line
    assert "takes no labels" in told(replace(recipe, conditional=False), labels, DIGITS)
    assert told(recipe, labels) == ""


def test_metrics_of_classes_are_left_out_where_none_are_asked_for(recipe: Recipe) -> None:
    plain = replace(recipe, conditional=False)
    nearest, labels, variety = (
        NearestClass(features="mnist"),
        LabelFidelity(features="mnist"),
        Variety(features="mnist"),
    )
    assert applicable(plain, [*MNIST, labels, nearest, variety], DIGITS) == [*MNIST, variety]
    assert "takes no labels" in told(plain, nearest, DIGITS) and told(plain, variety, DIGITS) == ""


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
    assert of_classes([], DIGITS, "mnist") == [labels, variety]
    assert of_classes([FID(features="mnist")], ("shirt", "coat"), "cifar10") == [nearest, variety]
    assert of_classes([LabelFidelity(features="digits"), variety], DIGITS, "mnist") == []


def test_real_pictures_must_be_there(recipe: Recipe, stored: Path) -> None:
    nameless = replace(recipe, data=Pictures())
    assert "give --reference SOURCE" in told(nameless, MNIST[0])
    assert told(nameless, MNIST[0], reference=str(stored)) == "" == told(nameless, MNIST[1])
    assert "there is no nowhere" in told(recipe, MNIST[0], reference="nowhere")
