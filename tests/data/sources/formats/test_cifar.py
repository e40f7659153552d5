"""CIFAR as its authors hand it out, written by Python's own pickle as in their releases."""

import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honmono.errors import Refused


TEN = "airplane automobile bird cat deer dog frog horse ship truck".split()
HUNDRED = [f"fine{number}" for number in range(100)]


@pytest.fixture
def handed_out(tmp_path: Path, noise) -> tuple[Path, np.ndarray]:
    """The four releases, folders beside archives, and their 20 training pictures."""
    pixels = noise(20, 32, 32, 3)
    flat, labels = pixels.transpose(0, 3, 1, 2).reshape(20, 3072), np.arange(20) % 10

    def write(path: str, content: bytes) -> None:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)

    def dump(path: str, value: dict[bytes, Any]) -> None:
        write(path, pickle.dumps(value, protocol=2))

    batches = {"data_batch_1": slice(8), "data_batch_2": slice(8, 20), "test_batch": slice(4)}
    for name, part in batches.items():
        held = {b"labels": labels[part].tolist(), b"data": flat[part], b"filenames": [b"a.png"] * 4}
        dump(f"cifar-10-batches-py/{name}", held)
        records = np.hstack([labels[part, None].astype(np.uint8), flat[part]])
        write(f"cifar-10-batches-bin/{name}.bin", records.tobytes())
    dump("cifar-10-batches-py/batches.meta", {b"label_names": [name.encode() for name in TEN], b"num_vis": 3072})
    write("cifar-10-batches-bin/batches.meta.txt", "\n".join([*TEN, ""]).encode())
    write("cifar-10-batches-py/readme.html", b"<html>")
    for split, part in (("train", slice(20)), ("test", slice(4))):
        fine, coarse = labels[part] + 90, labels[part] // 5
        held = {b"data": flat[part], b"fine_labels": fine.tolist(), b"coarse_labels": coarse.tolist()}
        dump(f"cifar-100-python/{split}", held)
        records = np.hstack([coarse[:, None].astype(np.uint8), fine[:, None].astype(np.uint8), flat[part]])
        write(f"cifar-100-binary/{split}.bin", records.tobytes())
    dump("cifar-100-python/meta", {b"fine_label_names": [name.encode() for name in HUNDRED]})
    write("cifar-100-binary/fine_label_names.txt", "\n".join(HUNDRED).encode())
    write("cifar-100-binary/coarse_label_names.txt", b"a\nb")
    for folder in [path for path in tmp_path.iterdir() if path.is_dir()]:
        with tarfile.open(tmp_path / f"{folder.name}.tar.gz", "w:gz") as archive:
            archive.add(folder, folder.name)
    return tmp_path, pixels


@pytest.mark.parametrize("ending", ["", ".tar.gz"])
@pytest.mark.parametrize(
    "name", ["cifar-10-batches-py", "cifar-10-batches-bin", "cifar-100-python", "cifar-100-binary"]
)
def test_every_release(handed_out: tuple[Path, np.ndarray], seen, name: str, ending: str) -> None:
    root, pixels = handed_out
    names = HUNDRED[90:] if "100" in name else TEN
    found = seen(root / f"{name}{ending}")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.classes == tuple(names) and found.labels == names * 2
    test = seen(f"{root / name}{ending}@test")
    np.testing.assert_array_equal(test.pixels, pixels[:4])
    assert test.labels == names[:4]


def test_a_single_batch_and_a_folder_of_one_without_names(handed_out: tuple[Path, np.ndarray], seen) -> None:
    root, pixels = handed_out
    found = seen(root / "cifar-10-batches-py" / "data_batch_2")
    np.testing.assert_array_equal(found.pixels, pixels[8:])
    for name in ("batches.meta", "test_batch", "data_batch_2", "readme.html"):
        (root / "cifar-10-batches-py" / name).unlink()
    assert seen(root / "cifar-10-batches-py").labels == [str(number) for number in range(8)]


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("code that ran",)


def test_a_pickle_with_code_is_refused_and_runs_nothing(tmp_path: Path, seen, capfd) -> None:
    batch = {b"data": np.zeros((1, 3072), np.uint8), b"labels": [0], b"filenames": Evil()}
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(batch, protocol=2))
    with pytest.raises(Refused, match=r"cannot be read as CIFAR's pickles: it calls (builtins|__builtin__).print"):
        seen(tmp_path)
    assert "code that ran" not in "".join(capfd.readouterr())
