import pytest
import torch
from torch.nn.functional import one_hot

from honmono.errors import Refused
from honmono.metrics.label_fidelity import LabelFidelity, label_fidelity


DIGITS = tuple("0123456789")


def asked_in_turn(number: int) -> torch.Tensor:
    return torch.arange(number) % 10


def test_it_is_the_share_of_right_ones_overall_and_by_class():
    labels = asked_in_turn(100)
    read = labels.clone()
    read[labels == 3] = 8
    read[10:15] = 0  # wrong for classes 1 to 4, of which 3 is wrong already
    found = label_fidelity(one_hot(read, 10).float(), labels)
    assert found.overall == pytest.approx(1 - 13 / 100)
    assert found.of_class == pytest.approx((1, 0.9, 0.9, 0, 0.9, 1, 1, 1, 1, 1))


def test_the_metric_names_classes(injected):
    labels = asked_in_turn(60)
    logits = one_hot(labels, 10).float()
    logits[labels == 7] = one_hot(torch.tensor(1), 10).float()
    evidence = injected(features={"fake": torch.zeros(60, 2)}, logits=logits, labels=labels, classes=DIGITS)
    metric = LabelFidelity(features="mnist", fakes=60)
    measured = metric.measure(evidence)
    assert metric.name == "labels[mnist]"
    assert list(measured) == list(metric.keys())
    assert list(measured)[:2] == ["label_fidelity[mnist]", "label_fidelity[mnist].0"]
    assert set(metric.keys().values()) == {"higher"}
    assert measured["label_fidelity[mnist]"] == pytest.approx(0.9)
    assert [measured[f"label_fidelity[mnist].{name}"] for name in DIGITS] == [float(name != "7") for name in DIGITS]


def test_classes_are_matched_by_name(injected):
    """A folder may list the same classes in another order than the network."""
    labels = asked_in_turn(50)
    shuffled = DIGITS[5:] + DIGITS[:5]
    evidence = injected(
        features={"fake": torch.zeros(50, 2)},
        logits=one_hot((labels + 5) % 10, 10).float(),
        labels=labels,
        classes=shuffled,
    )
    assert set(LabelFidelity(features="mnist", fakes=50).measure(evidence).values()) == {1.0}


def test_other_classes_are_refused(injected):
    metric = LabelFidelity(features="mnist")
    with pytest.raises(Refused, match=r"labels\[mnist\]: .* 'cat', 'dog', .* '0', '1'"):
        metric.measure(injected(classes=("cat", "dog")))
    with pytest.raises(Refused, match="only the network has '9'"):
        metric.measure(injected(classes=DIGITS[:9]))
    with pytest.raises(Refused, match="takes no labels"):
        metric.measure(injected())


def test_a_class_without_a_sample_is_refused(injected):
    with pytest.raises(Refused, match="9 fakes .* 10 classes"):
        LabelFidelity(features="mnist", fakes=9).measure(injected(classes=DIGITS))
    with pytest.raises(Refused, match="no fake has the label 2, 4"):
        label_fidelity(torch.zeros(4, 5), torch.tensor([0, 1, 3, 3]))
    with pytest.raises(Refused, match="labels are from 0 to 5"):
        label_fidelity(torch.zeros(2, 5), torch.tensor([0, 5]))
