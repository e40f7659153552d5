"""The schedule of growth: which stage trains when, with how large batches, and when it is full-grown."""

import pytest

from honmono.errors import Refused
from honmono.recipe.growth import Growth


SIZES = (4, 8, 16, 32)


def test_a_stage_trains_and_then_the_next_fades_in() -> None:
    growth = Growth(train=100, fade=50)
    assert [growth.at(images, SIZES) for images in (0, 99, 100)] == [(0, 1.0)] * 3
    assert [growth.at(images, SIZES) for images in (110, 125, 149)] == [(1, 0.2), (1, 0.5), (1, 0.98)]
    assert [growth.at(images, SIZES) for images in (150, 250)] == [(1, 1.0)] * 2
    assert growth.at(251, SIZES) == (2, 0.02)
    assert [growth.at(images, SIZES) for images in (450, 10**9)] == [(3, 1.0)] * 2
    assert growth.images_to_full_size(SIZES) == 450 and growth.at(449, SIZES).alpha < 1


def test_the_paper_s_schedule_is_full_grown_after_3_6_million_pictures() -> None:
    assert Growth().images_to_full_size(SIZES) == 3_600_000
    assert Growth(train=400_000, fade=400_000).images_to_full_size(SIZES) == 2_400_000
    assert Growth(train=400_000, fade=400_000).at(600_000, SIZES) == (1, 0.5)


def test_without_fading_or_without_training_between() -> None:
    assert [Growth(train=10, fade=0).at(images, SIZES) for images in (9, 10)] == [(0, 1.0), (1, 1.0)]
    assert [Growth(train=0, fade=10).at(images, SIZES) for images in (0, 5, 10, 15)] == [
        *((0, 1.0), (1, 0.5), (1, 1.0), (2, 0.5))
    ]


def test_it_may_begin_at_a_later_stage() -> None:
    growth = Growth(first=8, train=100, fade=50, batch_sizes=(7,))
    assert [growth.at(images, SIZES).stage for images in (0, 100, 101, 300)] == [1, 1, 2, 3]
    assert growth.images_to_full_size(SIZES) == 300
    assert [growth.batch_size(images, SIZES, 5) for images in (0, 101, 1_000)] == [7, 5, 5]
    assert Growth(first=4).first_stage((7, 14, 28)) == 0 and Growth(first=8).first_stage((7, 14, 28)) == 1
    with pytest.raises(Refused, match=r"growth\.first=64: .* 32 or less"):
        Growth(first=64).at(0, SIZES)


def test_each_stage_has_its_batch_size() -> None:
    growth = Growth(train=100, fade=50, batch_sizes=(128, 64))
    sizes = [growth.batch_size(images, SIZES, 16) for images in (0, 100, 101, 150, 250, 251, 10**6)]
    assert sizes == [128, 128, 64, 64, 64, 16, 16]


@pytest.mark.parametrize("given", [(), (3,), (1,), (8, 8), (128, 64), (2, 7, 3), (4, 1, 9, 2)])
@pytest.mark.parametrize(("train", "fade"), [(100, 50), (10, 0), (12, 0), (1, 0), (0, 30), (0, 1), (7, 5), (1, 1)])
@pytest.mark.parametrize("first", [4, 8, 32])
def test_images_in_so_many_batches(train: int, fade: int, given: tuple[int, ...], first: int) -> None:
    growth, images = Growth(first=first, train=train, fade=fade, batch_sizes=given), 0
    for batches in range(500):
        assert growth.images_after(batches, SIZES, 5) == images
        images += growth.batch_size(images, SIZES, 5)
    assert images > growth.images_to_full_size(SIZES)


@pytest.mark.parametrize("wrong", [{"train": -1}, {"train": 0, "fade": 0}, {"batch_sizes": (8, 0)}])
def test_what_cannot_be_is_refused(wrong: dict) -> None:
    with pytest.raises(Refused, match=r"growth\."):
        Growth(**wrong)
