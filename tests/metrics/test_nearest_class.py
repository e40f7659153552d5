"""Nearest class: hand-made features, leaving out by hand, and what is refused."""

import pytest
import torch

from honmono.errors import Refused
from honmono.metrics.nearest_class import NearestClass, class_means, leave_one_out, nearest_class


CLASSES = ("cat", "dog", "bird")


@pytest.fixture
def evidence(drawn, injected):
    """Three classes apart in one direction, far wider in another; a third of the birds are drawn as cats."""
    labels = torch.arange(900) % 3
    scale, centres = torch.tensor([50.0, 1.0, 1.0]), torch.tensor([[0.0, 0.0, 0.0], [0.0, 8.0, 0.0], [0.0, 16.0, 0.0]])
    drawn_as = labels.where((labels != 2) | (torch.arange(900) % 9 != 2), 0)
    features = {
        "real": drawn(0, 900, 3) * scale + centres[labels],
        "fake": drawn(1, 900, 3) * scale + centres[drawn_as],
    }
    return injected(features=features, labels=labels, real_labels=labels, classes=CLASSES)


def test_fakes_go_to_the_class_they_look_like_whatever_varies_within_all(evidence):
    measured = NearestClass(features="mnist", fakes=900).measure(evidence)
    assert list(measured)[:2] == list(NearestClass(features="mnist").keys())
    assert measured["nearest_class[mnist].bird"] == pytest.approx(2 / 3)
    assert measured["nearest_class[mnist].cat"] == measured["nearest_class[mnist].dog"] == 1.0
    assert measured["nearest_class[mnist]"] == pytest.approx(8 / 9)
    assert measured["nearest_class_of_reals[mnist]"] == 1.0 == measured["nearest_class_of_reals[mnist].bird"]
    plain = torch.cdist(
        evidence.features["fake"], torch.stack([evidence.features["real"][p::3].mean(0) for p in range(3)])
    )
    assert (plain.argmin(1) == evidence.labels).float().mean() < 0.7  # without the covariance


def test_noise_is_right_by_chance_alone(evidence, drawn):
    evidence.features = {"real": drawn(2, 900, 3), "fake": drawn(3, 900, 3)}
    measured = NearestClass(features="mnist", fakes=900).measure(evidence)
    assert measured["nearest_class[mnist]"] == pytest.approx(1 / 3, abs=0.06)
    assert measured["nearest_class_of_reals[mnist]"] == pytest.approx(1 / 3, abs=0.06)  # none votes for itself


def test_leaving_out_is_leaving_out(drawn):
    """Against means and covariance that are computed again without each real; unequal classes, one real of no class."""
    labels = torch.tensor([0] * 20 + [1] * 9 + [2] * 4 + [-1])
    real = drawn(4, 34, 5) + 0.7 * labels[:, None]
    found = leave_one_out(real, labels, class_means(real, labels, 3))
    for place in range(33):
        rest = torch.arange(34) != place
        again = class_means(real[rest], labels[rest], 3)
        assert bool(found[place]) == bool(nearest_class(real[place : place + 1], again) == labels[place])
    assert not found[33]


def test_classes_without_reals_are_left_out_and_named(evidence):
    evidence.real_labels = evidence.real_labels.where(evidence.real_labels != 1, -1)
    evidence.real_labels[1] = 1
    evidence.real_labels[2::3] = -1
    measured = NearestClass(features="mnist", fakes=900).measure(evidence)
    assert {key.partition("].")[2] for key in measured} == {"", "cat", "dog"}
    assert "nearest_class_of_reals[mnist].dog" not in measured  # the only one
    fakes, reals = evidence.noted
    assert fakes.startswith("nearest_class[mnist] omits 'bird'")
    assert reals.startswith("nearest_class_of_reals[mnist]") and "'dog', 'bird'" in reals


def test_what_has_no_classes_is_refused(evidence):
    metric = NearestClass(features="mnist", fakes=900)
    evidence.real_labels[:] = 0
    with pytest.raises(Refused, match="fewer than two classes"):
        metric.measure(evidence)
    evidence.real_labels = None
    with pytest.raises(Refused, match=r"^nearest_class\[mnist\]: .* no classes"):
        metric.measure(evidence)
    evidence.classes = ()
    with pytest.raises(Refused, match="takes no labels"):
        metric.measure(evidence)
