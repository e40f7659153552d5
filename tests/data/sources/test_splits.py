import pytest

from honmono.data.sources.layout import lay_out
from honmono.data.sources.splits import role_of, splits_among
from honmono.errors import Refused


def of_classes(*folders: str, classes: tuple[str, ...] = ("cat", "dog")) -> list[str]:
    return [f"{folder}/{name}/{place}.png" for folder in folders for name in classes for place in range(3)]


@pytest.mark.parametrize(
    ("taken", "left"),
    [
        ("Training", ("Testing",)),
        ("training", ("Test",)),
        ("training_set", ("test_set",)),
        ("seg_train/seg_train", ("seg_test/seg_test", "seg_pred/seg_pred")),
        ("trainA", ("trainB", "testA", "testB")),
        ("train2017", ("val2017",)),
        ("cars_train", ("cars_test",)),
        ("train", ("test1",)),
        ("train", ("dev",)),
        ("train", ("pred",)),
        ("train", ("test", "pred", "more")),
        ("TrainingSet", ("ValidationSet",)),
        ("data/train_images", ("data/test_images",)),
        ("Training", ("Test", "test-multiple_fruits")),
    ],
)
def test_splits_of_many_names_are_no_classes(taken: str, left: tuple[str, ...]) -> None:
    listing = lay_out("there", of_classes(taken, *left), None).listing
    assert listing.classes == ("cat", "dog")
    assert [item.name for item in listing.items if not item.name.startswith(f"{taken}/")] == []
    top = taken.removeprefix("data/").split("/")[0]
    assert listing.split == top
    assert dict(listing.splits) == {name.removeprefix("data/").split("/")[0]: 6 for name in (taken, *left)}
    for name in left:
        other = name.removeprefix("data/").split("/")[0]
        assert lay_out("there", of_classes(taken, *left), other).listing.split == other


@pytest.mark.parametrize("names", [("trainA", "trainB", "testA", "testB"), ("train", "val", "test")])
def test_splits_without_classes(names: tuple[str, ...]) -> None:
    """As of pairs of pictures: CycleGAN's and pix2pix's."""
    listing = lay_out("there", [f"{name}/{place}.jpg" for name in names for place in range(4)], None).listing
    assert listing.classes == () and listing.split == names[0] and len(listing.items) == 4
    assert dict(listing.splits) == dict.fromkeys(names, 4)


def test_a_split_is_taken_by_its_role_where_one_has_it() -> None:
    names = of_classes("Training", "Testing")
    assert lay_out("there", names, "test").listing.split == "Testing"
    with pytest.raises(Refused, match="no split 'test': give 'there@testA', 'there@testB'"):
        lay_out("there", of_classes("trainA", "testA", "testB"), "test")


def test_splits_below_classes_are_splits() -> None:
    names = [
        f"{name}/{split}/{place}.png" for name in ("cat", "dog") for split in ("train", "test") for place in (0, 1)
    ]
    listing = lay_out("there", names, None).listing
    assert listing.classes == ("cat", "dog") and listing.split == "train"
    assert {item.name.split("/")[1] for item in listing.items} == {"train"}
    assert {item.name.split("/")[1] for item in lay_out("there", names, "test").listing.items} == {"test"}


@pytest.mark.parametrize(
    "classes",
    [
        ("train", "bus", "car"),
        ("bullet_train", "crash_test"),
        ("train_station", "test_tube"),
        ("exam", "test"),
        ("a", "b"),
        ("WithMask", "WithoutMask"),
    ],
)
def test_classes_that_sound_like_splits_are_classes(classes: tuple[str, ...]) -> None:
    names = [f"{name}/{place}.png" for name in classes for place in range(3)]
    assert lay_out("there", names, None).listing.classes == tuple(sorted(classes))
    assert splits_among(classes) == {}


def test_pictures_beside_splits_are_left_out() -> None:
    listing = lay_out("there", [*of_classes("train", "test"), "sample.png"], None).listing
    assert listing.classes == ("cat", "dog") and [*listing.strays] == [("sample.png", "beside the splits")]


def test_a_name_of_two_roles_has_none() -> None:
    assert [role_of(name) for name in ("train", "TESTING", "x_val", "train_test", "cat")] == [
        *("train", "test", "val"),
        *(None, None),
    ]
