import pytest

from honmono.errors import Refused
from honmono.schedules import Constant, Cosine, Geometric, Inverse, InverseByUpdate, InverseSquareRoot, Linear


def test_constant():
    assert Constant().at(0) == 1 and Constant(0.5).at(10**12) == 0.5


def test_geometric_goes_by_equal_factors():
    schedule = Geometric(start=1.0, end=0.01, begin=100, images=200)
    assert [schedule.at(images) for images in (0, 150, 200, 300, 999)] == pytest.approx([1, 10**-0.5, 0.1, 0.01, 0.01])
    assert Geometric(start=0.3, end=0.3).at(5) == 0.3
    with pytest.raises(Refused, match="Geometric.* above 0"):
        Geometric(end=0.0)


def test_inverse_is_keras_decay_over_updates_of_so_many_images():
    schedule = Inverse(decay=0.5, images=100)
    assert [schedule.at(images) for images in (0, 100, 200, 1000)] == pytest.approx([1, 1 / 1.5, 1 / 2, 1 / 6])
    with pytest.raises(Refused, match="Inverse.* decay .*at least 0"):
        Inverse(decay=-1.0)


def test_inverse_square_root_halves_when_four_times_the_images_have_been_seen():
    schedule = InverseSquareRoot(images=100)
    assert [schedule.at(images) for images in (0, 99, 100, 400, 10_000)] == [1.0, 1.0, 1.0, 0.5, 0.1]
    with pytest.raises(Refused, match="images=0"):
        InverseSquareRoot(images=0)


@pytest.mark.parametrize("kind", [Linear, Cosine])
def test_before_along_and_after(kind):
    schedule = kind(start=0.1, end=0.7, begin=100, images=200)
    values = [schedule.at(images) for images in (0, 100, 200, 300, 10**9)]
    assert values == pytest.approx([0.1, 0.1, 0.4, 0.7, 0.7])
    assert values[-1] == 0.7 and values[0] == 0.1
    rising = [schedule.at(images) for images in range(0, 400, 10)]
    assert rising == sorted(rising)


def test_quarters():
    assert Linear(images=100).at(25) == pytest.approx(0.75)
    assert Cosine(images=100).at(25) == pytest.approx((1 + 2**-0.5) / 2)


def test_refusals():
    for make in (lambda: Linear(images=0), lambda: Cosine(begin=-1)):
        with pytest.raises(Refused):
            make()


def test_keras_s_decay_goes_by_updates() -> None:
    """The factors that the Keras article's 195,000 updates leave of its two decays."""
    assert InverseByUpdate(1e-5).at(195_000) == pytest.approx(0.339, abs=1e-3)
    assert InverseByUpdate(1e-4).at(195_000) == pytest.approx(0.0488, abs=1e-4)
    with pytest.raises(Refused):
        InverseByUpdate(decay=-1.0)
