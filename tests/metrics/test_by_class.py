import pytest

from honmono.errors import Refused
from honmono.metrics.by_class import by_class


def test_each_class_has_a_number_and_all_have_one(injected):
    evidence = injected(classes=("cat", "dog", "bird"))
    assert by_class(evidence, "odd[mnist]", [3.0, 1.0, 2.0], min, "a fake") == {
        "odd[mnist]": 1.0,
        "odd[mnist].cat": 3.0,
        "odd[mnist].dog": 1.0,
        "odd[mnist].bird": 2.0,
    }
    assert evidence.noted == []


def test_classes_without_a_number_are_left_out_and_named(injected):
    evidence = injected(classes=("cat", "dog", "bird"))
    assert by_class(evidence, "odd[mnist]", [None, 1.0, None], max, "a fake") == {
        "odd[mnist]": 1.0,
        "odd[mnist].dog": 1.0,
    }
    (noted,) = evidence.noted
    assert "'cat', 'bird'" in noted and "a fake" in noted
    with pytest.raises(Refused, match=r"odd\[mnist\]: no class has a fake"):
        by_class(evidence, "odd[mnist]", [None] * 3, max, "a fake")
