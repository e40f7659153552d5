"""Variety: known ratios, a class that is one picture, and what it is compared by."""

import pytest
import torch

from honmono.errors import Refused
from honmono.metrics.variety import Variety, variety, variety_of_classes


CLASSES = ("cat", "dog", "bird")


def in_turn(number: int) -> torch.Tensor:
    return torch.arange(number) % 3


@pytest.fixture
def evidence(drawn, injected):
    """Reals of unit spread in three classes far apart. Fakes: as the reals, half as varied, and one sample again."""
    labels = in_turn(3_000)
    centres = 100.0 * torch.eye(3, 8)
    scale = torch.tensor([1.0, 0.5, 0.0])[labels, None]
    features = {"real": drawn(0, 3_000, 8) + centres[labels], "fake": drawn(1, 3_000, 8) * scale + centres[labels]}
    noise = torch.randint(256, (3_000, 1, 4, 4), generator=torch.Generator().manual_seed(2), dtype=torch.uint8)
    same = noise.roll(1, dims=0)
    same[labels == 2] = same[0].clone()
    return injected(
        features=features,
        labels=labels,
        real_labels=labels,
        classes=CLASSES,
        pictures_given={"real": noise, "fake": same},
    )


def test_it_is_the_ratio_of_spreads():
    real = torch.tensor([[-2.0, 0.0], [2.0, 0.0]])
    assert variety(real, torch.tensor([[1.0, 1.0], [1.0, 3.0]])) == pytest.approx(0.5)
    assert variety(real, torch.ones(5, 2)) == 0.0
    assert variety(real, 7 + 3 * real) == pytest.approx(3.0)
    assert variety(real, real[:1]) is None and variety(real[:1], real) is None
    assert variety(torch.ones(5, 2), real) is None


def test_each_class_is_compared_with_its_own_reals():
    real, fake = torch.tensor([[0.0], [1.0], [10.0], [14.0]]), torch.tensor([[5.0], [9.0], [5.0], [9.0]])
    labels = torch.tensor([0, 0, 1, 1])
    assert variety_of_classes(real, fake, labels, labels, 3) == [pytest.approx(4.0), pytest.approx(1.0), None]


def test_a_class_of_one_picture_gives_nothing_though_the_others_vary(evidence):
    metric = Variety(features="mnist", fakes=3_000, reals=3_000)
    measured = metric.measure(evidence)
    assert list(measured)[:2] == list(metric.keys()) == ["variety[mnist]", "variety_pixels[mnist]"]
    assert measured["variety[mnist]"] == measured["variety[mnist].bird"] == 0.0
    assert measured["variety_pixels[mnist]"] == measured["variety_pixels[mnist].bird"] == 0.0
    assert measured["variety[mnist].cat"] == pytest.approx(1.0, rel=0.03)
    assert measured["variety[mnist].dog"] == pytest.approx(0.5, rel=0.03)
    assert measured["variety_pixels[mnist].dog"] == pytest.approx(1.0, rel=0.03)
    assert metric.collapsed(measured) == ["bird"]
    assert [text for text in evidence.noted if "'bird'" in text and "3,000 fakes" in text and "--set" in text]
    evidence.classes = ()
    whole = metric.measure(evidence)
    assert list(whole) == list(metric.keys()) and 0.9 < whole["variety[mnist]"] < 1.1  # which does not see it
    assert metric.collapsed(whole) == []


def test_a_whole_generator_of_one_picture_is_said(evidence):
    evidence.classes = ()
    evidence.features["fake"] = torch.zeros(3_000, 8)
    metric = Variety(features="mnist", fakes=100, reals=100)
    measured = metric.measure(evidence)
    assert measured["variety[mnist]"] == 0.0 and metric.collapsed(measured) == [""]
    assert len(evidence.noted) == 1 and "nearly one picture" in evidence.noted[0]


def test_classes_of_too_few_are_left_out_and_named(evidence):
    evidence.real_labels = evidence.real_labels.where(evidence.real_labels != 2, -1)
    measured = Variety(features="mnist", fakes=3_000, reals=3_000).measure(evidence)
    assert "variety[mnist].bird" not in measured and measured["variety[mnist]"] == measured["variety[mnist].dog"]
    assert any(text.startswith("variety[mnist] omits 'bird'") for text in evidence.noted)
    with pytest.raises(Refused, match="two different reals and two fakes"):
        Variety(features="mnist", fakes=3, reals=3_000).measure(evidence)


def test_rare_classes_keep_their_part_of_the_pictures(evidence):
    """Of 1,800 reals, 6 are birds, all in the end: they are looked at though only 60 pictures are."""
    labels = torch.arange(1_800) % 2
    labels[-6:] = 2
    evidence.real_labels = labels
    measured = Variety(features="mnist", fakes=3_000, reals=1_800, pictures=60).measure(evidence)
    assert measured["variety_pixels[mnist].bird"] == 0.0 and 0.8 < measured["variety_pixels[mnist].cat"] < 1.2


def test_reals_without_classes_are_refused(evidence):
    evidence.real_labels = None
    with pytest.raises(Refused, match=r"^variety\[mnist\]: .* no classes"):
        Variety(features="mnist", fakes=3_000).measure(evidence)
