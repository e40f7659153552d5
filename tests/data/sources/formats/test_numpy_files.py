from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.check import check
from honmono.errors import Refused


NAMES = ("cat", "dog", "emu")
PLACES = [2, 0, 1, 0, 2, 1]


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [
        *(("images", "labels"), ("images", "label"), ("images", "target"), ("x", "y"), ("X", "y"), ("data", "target")),
        *(("data", "labels"), ("arr_0", "arr_1"), ("x_train", "y_train"), ("train_images", "train_labels")),
        *(("X_train", "y_train"), ("train_set_x", "train_set_y"), ("imgs", "class")),
    ],
)
def test_npz_under_every_usual_name(tmp_path: Path, noise, seen, pictures: str, labels: str) -> None:
    pixels = noise(6, 8, 8, 3)
    np.savez(tmp_path / "a.npz", **{labels: np.array(PLACES), pictures: pixels})
    found = seen(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.labels == [str(place) for place in PLACES]
    assert any(repr(pictures) in note and repr(labels) in note for note in found.notes)


def test_splits_of_keras_and_medmnist(tmp_path: Path, noise, seen) -> None:
    pixels, labels = noise(6, 8, 8), np.array(PLACES, np.uint8)
    keras = {"x_train": pixels[:4], "y_train": labels[:4], "x_test": pixels[4:], "y_test": labels[4:]}
    np.savez_compressed(tmp_path / "mnist.npz", **keras)
    medical = {f"{split}_images": pixels[part] for split, part in (("train", slice(4)), ("val", slice(4, 6)))}
    medical |= {"train_labels": labels[:4, None], "val_labels": labels[4:, None]}
    np.savez_compressed(tmp_path / "bloodmnist.npz", **medical)
    for name, other in (("mnist.npz", "test"), ("bloodmnist.npz", "val")):
        first, second = seen(tmp_path / name), seen(f"{tmp_path / name}@{other}")
        np.testing.assert_array_equal(first.pixels, pixels[:4])
        np.testing.assert_array_equal(second.pixels, pixels[4:])
        assert first.labels == ["2", "0", "1", "0"] and second.labels == ["2", "1"]
        assert f"took the split 'train' of {', '.join(sorted(('train', other)))}" in first.notes
        with pytest.raises(Refused, match=f"no split 'dev': give .*@{other}'"):
            seen(f"{tmp_path / name}@dev")


def test_pictures_in_two_splits_are_named(tmp_path: Path, noise, seen) -> None:
    pixels = noise(9, 8, 8, 3)
    pixels[7] = pixels[2]
    for name, change in (("a.npz", lambda x: x), ("b.npz", lambda x: x / 255)):
        held = {"x_train": pixels[:6], "x_test": pixels[6:], "y_train": np.arange(6), "y_test": np.arange(3)}
        np.savez(tmp_path / name, **{key: change(one) if key[0] == "x" else one for key, one in held.items()})
        for split, also in (("", {"2": "test/1"}), ("@test", {"1": "train/2"}), ("@train", {"2": "test/1"})):
            record = check(f"{tmp_path / name}{split}").record
            assert {entry["name"]: entry["also"] for entry in record["in_other_splits"]} == also
    np.savez(tmp_path / "c.npz", x_train=pixels[:6], y_train=np.arange(6), x_test=np.full((2, 8, 8), np.nan)[:, :1])
    assert check(str(tmp_path / "c.npz")).record["in_other_splits"] == []  # what cannot be read stops nothing


WORDS = np.array(NAMES)[PLACES]
LABELS = {
    "words": WORDS,
    "bytes": WORDS.astype("S"),
    "objects": WORDS.astype(object),
    "strings of NumPy 2": WORDS.astype(np.dtypes.StringDType()),
}


@pytest.mark.filterwarnings("ignore:Custom dtypes are saved as python objects")
@pytest.mark.parametrize("kind", LABELS)
def test_labels_in_words(tmp_path: Path, noise, seen, kind: str) -> None:
    np.savez(tmp_path / "a.npz", images=noise(6, 8, 8), labels=LABELS[kind])
    found = seen(tmp_path / "a.npz")
    assert found.classes == NAMES and found.labels == [NAMES[place] for place in PLACES]


def test_labels_as_rows_fractions_and_with_names(tmp_path: Path, noise, seen) -> None:
    images = noise(6, 8, 8)
    for labels in (np.eye(3)[PLACES], np.array(PLACES, np.float32), np.array(PLACES)[:, None], np.array(PLACES) + 1):
        np.savez(tmp_path / "a.npz", images=images, labels=labels, class_names=np.array(NAMES))
        assert seen(tmp_path / "a.npz").labels == [NAMES[place] for place in PLACES]
    np.savez(tmp_path / "a.npz", images=images, labels=np.array([0, 5, 9, 5, 0, 9]))
    assert seen(tmp_path / "a.npz").classes == ("0", "5", "9")


@pytest.mark.parametrize("labels", [np.eye(9)[PLACES], np.ones((6, 2), int), np.full(6, 0.5)])
def test_labels_that_name_no_single_class_are_told(tmp_path: Path, noise, seen, labels: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", images=noise(6, 8, 8), labels=labels)
    found = seen(tmp_path / "a.npz")
    assert found.classes == () and any(note.startswith("no classes: ") for note in found.notes)


def test_arrays_that_are_taken_for_no_labels_are_named(tmp_path: Path, noise, seen) -> None:
    np.savez(tmp_path / "a.npz", images=noise(6, 8, 8), age=np.arange(6), sex=np.arange(6) % 2, mean=np.zeros((8, 8)))
    found = seen(tmp_path / "a.npz")
    (note,) = found.notes
    assert found.classes == () and "age, sex" in note and "mean" not in note and "labels" in note


def test_a_folder_of_npy_files_is_a_class_in_each(tmp_path: Path, noise, seen) -> None:
    """QuickDraw's: (n, 784), no two of one length."""
    pixels = noise(7, 28, 28)
    np.save(tmp_path / "full_numpy_bitmap_dog.npy", pixels[:3].reshape(3, 784))
    np.save(tmp_path / "full_numpy_bitmap_cat.npy", pixels[3:].reshape(4, 784))
    found = seen(tmp_path)
    assert found.labels == ["cat", "dog", "cat", "dog", "cat", "dog", "cat"]
    np.testing.assert_array_equal(found.pixels, pixels[[3, 0, 4, 1, 5, 2, 6]])
    alone = seen(tmp_path / "full_numpy_bitmap_dog.npy")
    np.testing.assert_array_equal(alone.pixels, pixels[:3])
    assert alone.classes == ()


def test_files_for_each_split_are_splits(tmp_path: Path, noise, seen) -> None:
    pixels = noise(6, 8, 8)
    for split, part in (("train", slice(4)), ("test", slice(4, 6))):
        np.savez(tmp_path / f"{split}.npz", images=pixels[part], labels=np.array(PLACES)[part])
    found, test = seen(tmp_path), seen(f"{tmp_path}@test")
    np.testing.assert_array_equal(found.pixels, pixels[:4])
    np.testing.assert_array_equal(test.pixels, pixels[4:])
    assert found.labels == ["2", "0", "1", "0"]
    np.testing.assert_array_equal(seen(tmp_path / "test.npz").pixels, pixels[4:])


def test_two_npy_files_of_pictures_and_labels(tmp_path: Path, noise, seen) -> None:
    pixels = noise(6, 8, 8)
    np.save(tmp_path / "X.npy", pixels)
    np.save(tmp_path / "Y.npy", np.eye(3)[PLACES])
    for source in (tmp_path, tmp_path / "X.npy"):
        found = seen(source)
        np.testing.assert_array_equal(found.pixels, pixels)
        assert found.labels == [str(place) for place in PLACES]


def test_npy_files_of_splits_are_no_classes(tmp_path: Path, noise, seen) -> None:
    pixels = noise(6, 8, 8)
    (tmp_path / "labelled").mkdir()
    (tmp_path / "plain").mkdir()
    for split, part in (("train", slice(4)), ("test", slice(4, 6))):
        np.save(tmp_path / "labelled" / f"X_{split}.npy", pixels[part])
        np.save(tmp_path / "labelled" / f"y_{split}.npy", np.array(PLACES)[part])
        np.save(tmp_path / "plain" / f"{split}.npy", pixels[part])
    for folder, labels in (("labelled", ["2", "0", "1", "0"]), ("plain", [])):
        found, test = seen(tmp_path / folder), seen(f"{tmp_path / folder}@test")
        np.testing.assert_array_equal(found.pixels, pixels[:4])
        np.testing.assert_array_equal(test.pixels, pixels[4:])
        assert found.labels == labels and "took the split 'train' of test, train" in found.notes
    (tmp_path / "plain" / "test.npy").unlink()
    for name in ("bus", "car"):  # QuickDraw has a class of trains
        np.save(tmp_path / "plain" / f"{name}.npy", pixels[:4])
    assert seen(tmp_path / "plain").classes == ("bus", "car", "train")


def test_npy_files_of_several_shapes_are_refused(tmp_path: Path, noise, seen) -> None:
    np.save(tmp_path / "a.npy", noise(3, 8, 8))
    np.save(tmp_path / "b.npy", noise(3, 9, 9))
    with pytest.raises(Refused, match=r"one class each.* a.npy uint8 \(3, 8, 8\), b.npy uint8 \(3, 9, 9\)"):
        seen(tmp_path)


def test_names_that_say_nothing_are_listed(tmp_path: Path, noise, seen) -> None:
    np.savez(tmp_path / "a.npz", spectrogram=noise(3, 8, 8), sizes=np.arange(3))
    with pytest.raises(Refused, match=r"a.npz holds spectrogram \(3, 8, 8\), sizes \(3,\): name its array"):
        seen(tmp_path / "a.npz")
