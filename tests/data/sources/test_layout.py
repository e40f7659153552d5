import pytest

from honmono.data.sources.layout import lay_out
from honmono.errors import Refused


def laid_out(*names: str, split: str | None = None) -> tuple[list[tuple[str, int | None]], tuple[str, ...]]:
    listing = lay_out("there", names, split).listing
    return [(item.name, item.label) for item in listing.items], listing.classes


def test_subfolders_are_classes_sorted_and_taking_turns() -> None:
    items, classes = laid_out("dog/2.png", "cat/b.png", "dog/1.png", "dog/deep/3.png", "cat/a.png")
    assert classes == ("cat", "dog")
    assert items == [("cat/a.png", 0), ("dog/1.png", 1), ("cat/b.png", 0), ("dog/2.png", 1), ("dog/deep/3.png", 1)]


def test_pictures_beside_subfolders_mean_no_classes_and_are_told() -> None:
    listing = lay_out("there", ("cat/a.png", "dog/a.png", "a.png", "b.png"), None).listing
    assert listing.classes == () and {item.label for item in listing.items} == {None}
    assert listing.notes == ("no classes: pictures lie beside the subfolders as well as in them",)


def test_a_flat_folder_and_one_common_folder_have_no_classes() -> None:
    assert laid_out("b.png", "a.jpg") == ([("a.jpg", None), ("b.png", None)], ())
    assert laid_out("set/faces/b.png", "set/faces/a.jpg", "set/list.csv")[1] == ()


def test_the_train_split_is_taken_below_common_folders() -> None:
    names = ("set/train/x/1.png", "set/train/y/1.png", "set/test/x/2.png", "set/test/y/2.png")
    assert laid_out(*names) == ([("set/train/x/1.png", 0), ("set/train/y/1.png", 1)], ("x", "y"))
    assert laid_out(*names, split="test") == ([("set/test/x/2.png", 0), ("set/test/y/2.png", 1)], ("x", "y"))
    assert laid_out("Train/1.png", "Val/2.png", split="val") == ([("Val/2.png", None)], ())
    with pytest.raises(Refused, match="'val'.*'there@test', 'there@train'"):
        laid_out(*names, split="val")
    with pytest.raises(Refused, match="leave out '@test'"):
        laid_out("x/1.png", "y/1.png", split="test")


def test_a_class_may_be_called_test() -> None:
    assert laid_out("test/1.png", "exam/1.png")[1] == ("exam", "test")


def test_archives_and_arrays_beside_pictures_say_how_they_are_read() -> None:
    strays = dict(lay_out("there", ("a.png", "more.zip", "features.npz", "notes.pdf"), None).listing.strays)
    assert all("its own path" in strays[name] for name in ("more.zip", "features.npz"))
    assert "path" not in strays["notes.pdf"]


def test_files_that_are_no_pictures_by_name_make_no_classes_and_are_told() -> None:
    listing = lay_out(
        "there", ("a.png", "labels/a.txt", "0001", ".DS_Store", "__MACOSX/a.png", ".git/b.png"), None
    ).listing
    assert [item.name for item in listing.items] == ["0001", "a.png"]
    assert [*listing.strays] == [("labels/a.txt", "not a known picture format (.txt)")]
