"""Writes into docs/guide.md what `honmono data check` says of ten data sets as they are downloaded.

    python benchmarks/data_sets.py

Of each it makes a small stand-in: the files, names, formats and sizes of the download, with a few pictures.
"""

import contextlib
import gzip
import io
import json
import pickle
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from honmono.data.packing.check import check
from honmono.files import atomic_write_bytes


PAGE = Path(__file__).parents[1] / "docs" / "guide.md"
BEGIN, END = "<!-- data sets: python benchmarks/data_sets.py writes this -->\n", "<!-- end of data sets -->\n"
CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck".split()


def pixels(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    """Pictures of noise."""
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def encoded(index: int, width: int, height: int, format: str) -> bytes:
    """A picture of two colours as a file."""
    file = io.BytesIO()
    image = Image.new("RGB", (width, height), (index * 7 % 256, index * 31 % 256, 90))
    image.paste((90, index * 13 % 256, 200), (0, 0, width // 2, height // 2))
    image.save(file, format)
    return file.getvalue()


def idx(array: np.ndarray) -> bytes:
    """An array as a packed IDX file."""
    return gzip.compress(struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes())


def pairs(prefix: str, labels: np.ndarray, test: str = "t10k") -> Iterator[tuple[str, bytes]]:
    """The four files of MNIST and its successors."""
    for seed, (split, number) in enumerate((("train", len(labels)), (test, len(labels) // 2))):
        yield f"{prefix}{split}-images-idx3-ubyte.gz", idx(pixels(number, 28, 28, seed=seed))
        yield f"{prefix}{split}-labels-idx1-ubyte.gz", idx(labels[:number].astype(np.uint8))


def put(files: Iterator[tuple[str, bytes]]) -> None:
    """Writes files below the current folder."""
    for name, content in files:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content)


def zipped(path: str, files: Iterator[tuple[str, bytes]]) -> None:
    """Writes an archive."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)


def tarred(path: str, files: Iterator[tuple[str, bytes]]) -> None:
    """Writes an archive, compressed where its name says so."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz" if path.endswith("gz") else "w") as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def cifar10() -> Iterator[tuple[str, bytes]]:
    """The Python version, its batches smaller."""
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    for seed, name in enumerate(names):
        batch = {b"data": pixels(20, 3, 32, 32, seed=seed).reshape(20, -1), b"labels": list(range(10)) * 2}
        yield f"cifar-10-batches-py/{name}", pickle.dumps(batch, 2)
    meta = {b"label_names": [name.encode() for name in CIFAR10]}
    yield "cifar-10-batches-py/batches.meta", pickle.dumps(meta, 2)
    yield "cifar-10-batches-py/readme.html", b"<html>"


def imagenet() -> Iterator[tuple[str, bytes]]:
    """The tree of Kaggle's download."""
    synsets = {"n01440764": "tench, Tinca tinca", "n02102040": "English springer", "n02979186": "cassette player"}
    top = "imagenet/ILSVRC/Data/CLS-LOC"
    for index in range(24):
        synset = [*synsets][index % 3]
        yield f"{top}/train/{synset}/{synset}_{index}.JPEG", encoded(index, 500, 375 + index % 2, "JPEG")
    for split, number in (("val", 6), ("test", 9)):
        for index in range(number):
            yield f"{top}/{split}/ILSVRC2012_{split}_{index:08}.JPEG", encoded(100 + index, 500, 375, "JPEG")
    yield "imagenet/LOC_synset_mapping.txt", "".join(f"{one} {name}\n" for one, name in synsets.items()).encode()


def stylegan() -> Iterator[tuple[str, bytes]]:
    """What `dataset_tool.py` writes of CIFAR-10."""
    labels = []
    for index in range(40):
        name = f"{index // 20:05}/img{index:08}.png"
        labels.append([name, index % 10])
        yield name, encoded(index, 32, 32, "PNG")
    yield "dataset.json", json.dumps({"labels": labels}).encode()


def lsun() -> Iterator[tuple[str, bytes]]:
    """`python data.py export`: a folder for each of the first six letters of a picture's key."""
    for index in range(30):
        key = f"{index * 0x9E3779B97F4A7C15 % 2**160:040x}"[::-1]
        yield f"bedroom_train/{'/'.join(key[:6])}/{key}.webp", encoded(index, 256 + index % 3, 256, "WEBP")


def webdataset() -> None:
    """Three shards of pictures and their classes."""
    for shard in range(3):
        files: list[tuple[str, bytes]] = []
        for index in range(8):
            key = f"{shard:03}{index:04}"
            files += [(f"{key}.jpg", encoded(index, 64, 64, "JPEG")), (f"{key}.cls", b"%d" % (index % 4))]
        tarred(f"shards/train-{shard:06}.tar", iter(files))


def celeba() -> Iterator[tuple[str, bytes]]:
    """The aligned and cropped pictures."""
    yield from ((f"img_align_celeba/{index:06}.jpg", encoded(index, 178, 218, "JPEG")) for index in range(1, 21))


def ffhq() -> Iterator[tuple[str, bytes]]:
    """Shelves of 1,000 pictures, of which only some are there."""
    for index in range(0, 3000, 250):
        yield f"images1024x1024/{index // 1000 * 1000:05}/{index:05}.png", encoded(index // 250, 1024, 1024, "PNG")
    yield "images1024x1024/LICENSE.txt", b"CC BY-NC-SA 4.0"


DIGITS, LETTERS = np.arange(60) % 10, 1 + np.arange(78) % 26
SETS: dict[str, tuple[str, Callable[[], None]]] = {
    "MNIST": ("mnist", lambda: put(pairs("mnist/", DIGITS))),
    "Fashion-MNIST": ("fashion-mnist", lambda: put(pairs("fashion-mnist/", DIGITS))),
    "EMNIST": (
        "gzip.zip@emnist-letters-train",
        lambda: zipped(
            "gzip.zip",
            (
                one
                for which, labels in (("digits", DIGITS), ("letters", LETTERS))
                for one in pairs(f"gzip/emnist-{which}-", labels, "test")
            ),
        ),
    ),
    "CIFAR-10": ("cifar-10-python.tar.gz", lambda: tarred("cifar-10-python.tar.gz", cifar10())),
    "CelebA": ("img_align_celeba.zip", lambda: zipped("img_align_celeba.zip", celeba())),
    "FFHQ": ("images1024x1024", lambda: put(ffhq())),
    "LSUN, exported": ("bedroom_train", lambda: put(lsun())),
    "ImageNet": ("imagenet", lambda: put(imagenet())),
    "StyleGAN2-ADA's tool": ("cifar10.zip", lambda: zipped("cifar10.zip", stylegan())),
    "WebDataset": ("shards", webdataset),
}


def section() -> str:
    """The commands and what they print."""
    parts = []
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, (source, write) in SETS.items():
            write()
            lines = "\n".join(check(source).lines())
            parts.append(f"**{name}**\n\n```console\n$ honmono data check {source}\n{lines}\n```\n")
    return "\n".join(parts)


def main() -> None:
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end
    atomic_write_bytes(PAGE, f"{before}{BEGIN}\n{section()}\n{END}{after}".encode())


if __name__ == "__main__":
    main()
