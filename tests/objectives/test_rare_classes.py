"""Which classes are rare, which samples belong to some, and that others than the data's are refused."""

import pytest
import torch

from honmono.errors import Refused
from honmono.objectives.rare_classes import among, is_small, rare_classes, refuse_unknown


@pytest.mark.parametrize(
    ("length", "sizes", "rare"),
    [(12_000, [11_000, 999, 1_000, 0], (1,)), (9_999, [9_000, 999], ()), (None, [5, 5], (0, 1)), (60_000, [], ())],
)
def test_classes_below_a_thousand_are_rare_unless_the_data_is_small(length, sizes, rare) -> None:
    assert rare_classes(length, sizes) == rare
    assert is_small(length) == (length == 9_999)


def test_labels_are_found_among_classes() -> None:
    assert among(torch.tensor([2, 0, 1, 2]), (0, 2)).tolist() == [True, True, False, True]


@pytest.mark.parametrize("classes", [(3,), (0, -1)])
def test_classes_that_the_data_lacks_are_refused(classes) -> None:
    with pytest.raises(Refused, match=r"objective\.x holds (3|-1), and the data has 3 classes: give 0 to 2"):
        refuse_unknown("objective.x", classes, [9, 9, 9])
    refuse_unknown("objective.x", classes, [])  # nothing is known of them yet
