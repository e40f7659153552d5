import tracemalloc

import pytest

from honmono.data.sources.layout import lay_out
from honmono.data.sources.spooled import Spooled


def below(*folders: str, number: int = 3) -> list[str]:
    return [f"{folder}/{place}.png" for folder in folders for place in range(number)]


@pytest.mark.parametrize(
    ("pictures", "companions"),
    [
        (("images",), ("masks",)),
        (("JPEGImages",), ("SegmentationClass", "SegmentationObject")),
        (("images",), ("annotations/trimaps",)),
        (("set/img",), ("set/thumbnails", "set/previews")),
        (("images1024x1024",), ("thumbnails128x128",)),
        (("images/cat", "images/dog"), ("masks/cat", "masks/dog")),
        (("cat/images", "dog/images"), ("cat/masks", "dog/masks")),
        (("train", "test"), ("train_masks",)),
        (("leftImg8bit/train", "leftImg8bit/val"), ("gtFine/train", "gtFine/val")),
        (("",), ("thumbs",)),
    ],
)
def test_masks_and_previews_are_left_out_and_said(pictures: tuple[str, ...], companions: tuple[str, ...]) -> None:
    listing = lay_out("there", [name.lstrip("/") for name in below(*pictures, *companions)], None).listing
    kept = {item.name.rpartition("/")[0] for item in listing.items}
    assert kept <= set(pictures) and len(kept) == len(
        [one for one in pictures if "test" not in one and "val" not in one]
    )
    assert set(listing.classes) <= {"cat", "dog"}
    assert any(note.startswith("left out") and "pictures" in note for note in listing.notes)


def test_classes_of_masks_are_classes() -> None:
    for names in (("mask", "no_mask"), ("hats", "masks", "shoes")):
        assert lay_out("there", below(*names), None).listing.classes == names


def test_a_mask_for_each_of_many_pictures_takes_little_memory() -> None:
    names = Spooled(f"{at:07}{end}.png" for at in range(20_000) for end in ("", "_mask"))
    tracemalloc.start()
    try:
        assert len(lay_out("there", names, None).listing.items) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 6e6  # most of it what is kept of any number of names
    finally:
        tracemalloc.stop()


def test_files_of_masks_are_left_out() -> None:
    names = ["cat/1.png", "cat/1_mask.png", "dog/x.png", "dog/x_mask_1.png", "dog/no_mask.png"]
    listing = lay_out("there", names, None).listing
    assert [item.name for item in listing.items] == ["cat/1.png", "dog/no_mask.png", "dog/x.png"]


@pytest.mark.parametrize("beside", ["LICENSE", "README", "README.md", "labels.csv", "preview.png"])
def test_a_file_beside_class_folders_does_not_change_them(beside: str) -> None:
    classes = below("cat", "dog")
    splits = [f"{split}/{name}" for split in ("train", "test") for name in classes]
    for names in ([*classes, beside], [*splits, beside], [*splits, f"train/{beside}"]):
        listing = lay_out("there", names, None).listing
        assert listing.classes == ("cat", "dog") and len(listing.items) == 6
