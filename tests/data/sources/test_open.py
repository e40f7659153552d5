import bz2
import gzip
import lzma
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from honmono.data.choose import with_source
from honmono.data.packing.check import check
from honmono.data.pictures import Pictures
from honmono.data.sources.base import Source
from honmono.data.sources.open import open_source
from honmono.errors import Refused


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()


def delivered(source: Source) -> dict[str, object]:
    items = source.listing().items
    return {items[index].name: content for index, content in source.contents(len(items))}


def test_digits_are_scikit_learns_scaled_to_bytes() -> None:
    from sklearn.datasets import load_digits

    values, labels = load_digits(return_X_y=True)
    opened = Pictures(source="digits", range=(0, 255)).open()
    batch = opened.gather(np.arange(1797), np.random.default_rng(0))
    expected = np.rint(values * 255 / 16).reshape(-1, 1, 8, 8)
    np.testing.assert_array_equal(batch.real.numpy(), expected)
    np.testing.assert_array_equal(batch.label, labels)
    assert opened.classes == tuple("0123456789") and opened.class_counts["0"] == 178


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_files_plain_and_packed(tmp_path: Path, ending: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 6, 6), dtype=np.uint8)
    pack = gzip.compress if ending else bytes
    (tmp_path / f"train-images-idx3-ubyte{ending}").write_bytes(pack(idx(images)))
    (tmp_path / f"train-labels-idx1-ubyte{ending}").write_bytes(pack(idx(np.array([0, 2, 2, 1, 0], np.uint8))))
    (tmp_path / f"t10k-images-idx3-ubyte{ending}").write_bytes(pack(idx(images[:2])))
    train = Pictures(source=str(tmp_path), range=(0, 255)).open()
    batch = train.gather(np.arange(5), np.random.default_rng(0))
    np.testing.assert_array_equal(batch.real[:, 0].numpy(), images)
    assert batch.label is not None and batch.label.tolist() == [0, 2, 2, 1, 0]
    assert train.class_counts == {"0": 2, "1": 1, "2": 2}
    test = Pictures(source=f"{tmp_path}@test").open()
    assert test.length == 2 and test.classes == () and test.fingerprint != train.fingerprint
    with pytest.raises(Refused, match="no split 'val'"):
        open_source(f"{tmp_path}@val")


def test_the_splits_of_idx_files_are_named_and_compared(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 6, 6), dtype=np.uint8)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(images))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.array([0, 2, 2, 1, 0], np.uint8)))
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[[3, 3]])))
    record = check(str(tmp_path)).record
    assert record["in_other_splits"] == [{"name": "3", "also": "test/0"}]
    assert "took the split 'train' of test, train" in record["notes"] and record["classes_from"] == "its own labels"
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(b"damaged")
    assert check(str(tmp_path)).record["in_other_splits"] == []


def test_damaged_idx_files_are_refused(tmp_path: Path) -> None:
    whole = idx(np.zeros((5, 6, 6), np.uint8))
    path = tmp_path / "train-images-idx3-ubyte"
    for wrong in (whole[:-1], whole[:9], b"\0\0\x0d\x03" + whole[4:]):
        path.write_bytes(wrong)
        with pytest.raises(Refused, match="train-images-idx3-ubyte"):
            open_source(str(tmp_path)).listing()
    path.write_bytes(whole)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(4, np.uint8)))
    with pytest.raises(Refused, match="4 labels for 5 pictures"):
        open_source(str(tmp_path)).listing()


def test_real_mnist(mnist_dir: Path) -> None:
    mnist = Pictures(source=str(mnist_dir), expects=(28, 1)).open()
    assert mnist.length == 60_000 and mnist.sample_shape == (1, 28, 28)
    assert list(mnist.class_counts.values()) == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert not mnist.record["repaired"] and not mnist.record["skipped"]
    mean = mnist.gather(np.arange(60_000), np.random.default_rng(0)).real.double().mean()
    assert (float(mean) + 1) / 2 == pytest.approx(0.1306604762738429, abs=1e-6)  # MNIST's well-known mean


def test_real_cifar_archive(cifar_archive: Path) -> None:
    report = check(str(cifar_archive) + "@test", limit=100).record
    assert (report["size"], report["channels"], report["count"]) == (32, 3, 100)
    assert set(report["class_counts"].values()) == {10} and report["classes"][0] == "airplane"


ARRAYS = {
    "grey": (lambda x: x[..., 0], 1),
    "grey with an axis": (lambda x: x[..., :1], 1),
    "channels last": (lambda x: x, 3),
    "channels first": (lambda x: x.transpose(0, 3, 1, 2), 3),
    "int64": (lambda x: x.astype(np.int64), 3),
    "fractions": (lambda x: x.astype(np.float32) / 255, 3),
    "signed fractions": (lambda x: x / 127.5 - 1, 3),
    "16 bits": (lambda x: x.astype(np.uint16) * 257, 3),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_of_every_layout(tmp_path: Path, kind: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 10, 10, 3), dtype=np.uint8)
    pixels[0, 0, 0], pixels[0, 0, 1] = 0, 255
    change, channels = ARRAYS[kind]
    np.save(tmp_path / "x.npy", change(pixels))
    opened = Pictures(source=str(tmp_path / "x.npy"), range=(0, 255)).open()
    found = opened.gather(np.arange(6), np.random.default_rng(0)).real
    np.testing.assert_array_equal(found.permute(0, 2, 3, 1).numpy(), pixels[..., :channels])
    assert not opened.record["repaired"]


def test_npz_with_labels(tmp_path: Path) -> None:
    images = np.zeros((3, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", x=images, y=np.array([[2], [0], [0]]))
    opened = Pictures(source=str(tmp_path / "a.npz")).open()
    assert opened.class_counts == {"0": 2, "2": 1}
    np.savez(tmp_path / "b.npz", images=images, labels=np.zeros(2, int))
    with pytest.raises(Refused, match="labels must be 3, one for each picture"):
        Pictures(source=str(tmp_path / "b.npz")).open()


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.zeros((3, 8)), r"shape \(3, 8\)"),
        (np.full((3, 8, 8), 300), "300 alone"),
        (np.full((3, 8, 8), np.nan), "not all finite"),
        (np.array([None]), "holds object of shape"),
    ],
)
def test_arrays_that_are_no_pictures(tmp_path: Path, array: np.ndarray, why: str) -> None:
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(Refused, match=why):
        Pictures(source=str(tmp_path / "x.npy")).open()


@pytest.mark.parametrize("kind", [".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_archives_deliver_what_a_folder_does(tmp_path: Path, encode, kind: str) -> None:
    folder = tmp_path / "set"
    for split, name, value in (("train", "b", 1), ("train", "a", 2), ("train", "é", 3), ("test", "a", 4)):
        path = folder / split / name / f"{value}.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(encode(np.full((8, 8), value, np.uint8)))
    archive = tmp_path / f"set{kind}"
    if kind == ".zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in sorted(folder.rglob("*"), reverse=True):
                file.write(path, path.relative_to(tmp_path))
    else:
        opener = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}.get(archive.suffix, open)
        with opener(archive, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as file:
            file.add(folder, "set")
    for split, values in (("", [2, 1, 3]), ("@test", [4])):
        opened = [Pictures(source=f"{source}{split}", range=(0, 255)).open() for source in (folder, archive)]
        for pictures in opened:
            batch = pictures.gather(np.arange(len(values)), np.random.default_rng(0))
            assert batch.real[:, 0, 0, 0].tolist() == values
        assert opened[0].fingerprint == opened[1].fingerprint and opened[0].classes == opened[1].classes


def test_damaged_archives(tmp_path: Path, encode) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4, 40, 40, 3), dtype=np.uint8)
    with tarfile.open(tmp_path / "whole.tar", "w") as archive:
        for index, pixels in enumerate(noise):
            (tmp_path / "x.bmp").write_bytes(encode(pixels, "BMP"))
            archive.add(tmp_path / "x.bmp", f"{index}.bmp")
    content = (tmp_path / "whole.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(content[: len(content) // 2])
    report = check(str(tmp_path / "cut.tar"))
    assert report.record["count"] >= 1 and report.record["skipped"][-1]["why"].startswith("the archive is damaged")
    for name, junk in (("no.zip", b"junk"), ("no.tar.gz", b"junk"), ("no.tar.bz2", bz2.compress(b"junk"))):
        (tmp_path / name).write_bytes(junk)
        with pytest.raises(Refused, match=name):
            check(str(tmp_path / name))


def test_a_damaged_member_of_a_zip_is_skipped(tmp_path: Path, encode) -> None:
    picture = encode(np.zeros((8, 8), np.uint8))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("good.png", picture)
        archive.writestr("bad.png", picture)
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[content.index(b"bad.png") + 20] ^= 255
    (tmp_path / "a.zip").write_bytes(content)
    record = check(str(tmp_path / "a.zip")).record
    assert record["count"] == 1 and record["skipped"][0]["why"].startswith("cannot be unpacked: Bad CRC-32")


def test_links_are_followed_once_and_broken_ones_skipped(tmp_path: Path, encode) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.png").write_bytes(encode(np.zeros((8, 8), np.uint8)))
    (tmp_path / "set").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "set" / "x")
    os.symlink(tmp_path / "set", tmp_path / "set" / "loop")
    os.symlink(tmp_path / "gone.png", tmp_path / "set" / "gone.png")
    record = check(str(tmp_path / "set")).record
    assert record["count"] == 1
    assert record["skipped"] == [{"name": "gone.png", "why": "cannot be read: No such file or directory"}]


@pytest.mark.parametrize(
    ("address", "mend"),
    [
        ("https://example.org/cats.zip", "is a web address: download it"),
        ("http://example.org/cats.zip@train", "is a web address: download it"),
        ("s3://bucket/cats/", "is a web address: download it"),
        ("https://huggingface.co/datasets/someone/cats/tree/main", "give hf:someone/cats$"),
        ("hf://datasets/someone/cats", "give hf:someone/cats$"),
        ("file:///data/cats", "give its path, /data/cats$"),
        ("stacked-mnist:https://example.org/mnist", "is a web address: download it"),
    ],
)
def test_web_addresses_say_what_to_do(address: str, mend: str) -> None:
    with pytest.raises(Refused, match=mend):
        with_source(Pictures(), address, "a recipe").open()


def test_words_that_name_nothing(tmp_path: Path, encode) -> None:
    (tmp_path / "pictures").mkdir()
    with pytest.raises(Refused, match="picturs; did you mean 'pictures'"):
        open_source(str(tmp_path / "picturs"))
    with pytest.raises(Refused, match="did you mean 'pictures'"):
        open_source(str(tmp_path / "picturs@test"))
    with pytest.raises(Refused, match="did you mean 'digits'"):
        open_source("digitz")
    with pytest.raises(Refused, match="holds no usable pictures"):
        check(str(tmp_path / "pictures"))
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    with pytest.raises(Refused, match="a folder, .zip, .tar\\(.gz\\), .npy, .npz"):
        open_source(str(tmp_path / "a.pdf"))
    (tmp_path / "film.gif").write_bytes(encode(np.zeros((8, 8), np.uint8), "GIF"))
    with pytest.raises(Refused, match="give the folder .*data.frames=all"):
        open_source(str(tmp_path / "film.gif"))
    (tmp_path / "at@home").mkdir()
    (tmp_path / "at@home" / "a.png").write_bytes(encode(np.zeros((8, 8), np.uint8)))
    assert open_source(str(tmp_path / "at@home")).split is None


def test_a_folder_that_holds_an_archive_and_nothing_else_is_that_archive(tmp_path: Path) -> None:
    folder = tmp_path / "handed-out"
    folder.mkdir()
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        for split in ("train", "test"):
            archive.writestr(f"{split}/cat/1.png", split)
    (folder / ".DS_Store").touch()
    alone = open_source(str(folder))
    assert delivered(alone) == {"train/cat/1.png": b"train"}
    assert delivered(open_source(f"{folder}@test")) == {"test/cat/1.png": b"test"}
    (folder / "readme.png").touch()
    assert list(delivered(open_source(str(folder)))) == ["readme.png"]
