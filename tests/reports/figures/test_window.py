"""The window of points in the plane."""

import numpy as np

from honmono.reports.figures.points import window


def test_it_is_a_square_around_the_reals_with_a_margin() -> None:
    low, high = window(np.array([[0.0, 5.0], [10.0, 7.0], [4.0, 6.0]]))
    np.testing.assert_allclose(low, [5 - 6.5, 6 - 6.5])  # the wider extent, 10, and 15% of it on each side
    np.testing.assert_allclose(high, [5 + 6.5, 6 + 6.5])


def test_reals_in_one_place_have_one_too() -> None:
    low, high = window(np.ones((4, 2)))
    assert (low < 1).all() and (high > 1).all()
