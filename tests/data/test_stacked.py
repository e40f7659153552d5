import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from honmono.data.choose import suitable, with_size, with_source
from honmono.data.mixtures import Grid
from honmono.data.packing.check import check
from honmono.data.pictures import Pictures
from honmono.data.stacked import StackedMNIST
from honmono.errors import Refused


DIGITS = 10


@pytest.fixture
def digits(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """IDX files of ten 6x6 pictures, told apart by their first pixel."""
    pixels = np.random.default_rng(0).integers(256, size=(DIGITS, 6, 6), dtype=np.uint8)
    pixels[:, 0, 0] = np.arange(DIGITS)
    header = struct.pack(">4I", 0x803, *pixels.shape)
    folder = tmp_path / "digits"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").write_bytes(header + pixels.tobytes())
    return folder, pixels


def gathered(data: StackedMNIST, number: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    dataset = data.open()
    dataset.to(torch.device("cpu"), dtype)
    batch = dataset.gather(np.arange(number), np.random.default_rng(0))
    assert batch.label is None and dataset.classes == ()
    return batch.real


def test_each_channel_is_a_digit_drawn_on_its_own(digits: tuple[Path, np.ndarray]) -> None:
    folder, pixels = digits
    real = gathered(StackedMNIST(source=str(folder), samples=30_000, range=(0.0, 255.0)), 30_000)
    assert real.shape == (30_000, 3, 6, 6)
    members = real[:, :, 0, 0].long()
    torch.testing.assert_close(real, torch.from_numpy(pixels).float()[members], atol=1e-4, rtol=0)
    modes = np.bincount(members.numpy() @ [100, 10, 1], minlength=1000)
    assert modes.min() > 10 and abs((modes - 30).std() - 30**0.5) < 1  # 1,000 modes, equally likely


def test_the_set_is_fixed_by_its_own_seed(digits: tuple[Path, np.ndarray]) -> None:
    source = str(digits[0])
    first = gathered(StackedMNIST(source=source, samples=500), 100)
    assert torch.equal(first, gathered(StackedMNIST(source=source, samples=100), 100))
    limited = StackedMNIST(source=source, samples=500, limit=100)
    assert limited.open().length == 100 and torch.equal(first, gathered(limited, 100))
    assert not torch.equal(first, gathered(StackedMNIST(source=source, draw_seed=1), 100))
    whole = StackedMNIST(source=source, samples=500)
    sets = [whole, replace(whole, samples=100), replace(whole, draw_seed=1), replace(whole, size=8)]
    fingerprints = [data.open().fingerprint for data in sets]
    assert len(set(fingerprints)) == 4
    assert StackedMNIST(source=source, samples=100, limit=200).open().fingerprint == fingerprints[1]


def test_a_larger_size_is_padded(digits: tuple[Path, np.ndarray]) -> None:
    source = str(digits[0])
    stored, padded = (gathered(StackedMNIST(source=source, size=size), 20) for size in (None, 8))
    assert padded.shape == (20, 3, 8, 8) and torch.equal(padded[:, :, 1:-1, 1:-1], stored)
    assert (padded[:, :, 0] == -1).all() and padded.dtype == torch.float32
    assert gathered(StackedMNIST(source=source), 20, torch.float64).dtype == torch.float64


def test_the_default_is_pacgans(mnist_dir: Path) -> None:
    dataset = StackedMNIST(source=str(mnist_dir)).open()
    assert (dataset.length, dataset.sample_shape) == (128_000, (3, 28, 28))


def test_the_door(digits: tuple[Path, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = digits[0]
    monkeypatch.chdir(folder.parent)
    assert suitable("stacked-mnist:digits")[0] == "dcgan-stacked-mnist"
    data = StackedMNIST(source="hf:ylecun/mnist", samples=7)
    for source in ("stacked-mnist:digits", "digits/", str(folder)):
        assert with_source(data, source, "a").source == str(folder)  # pyright: ignore[reportAttributeAccessIssue]
    assert with_source(data, "stacked-mnist:hf:mnist@test", "a") == StackedMNIST(source="hf:mnist@test", samples=7)
    assert with_size(data, 32) == StackedMNIST(source="hf:ylecun/mnist", samples=7, size=32)
    flexible = with_source(Pictures(limit=9, range=(0.0, 1.0)), "stacked-mnist:digits", "dcgan-folder")
    assert flexible == StackedMNIST(source=str(folder), limit=9, range=(0.0, 1.0))


def test_refusals_at_the_door(digits: tuple[Path, np.ndarray]) -> None:
    for word in ("stacked-mnist", "stacked-mnist:"):
        with pytest.raises(Refused, match="as in stacked-mnist:DIR"):
            suitable(word)
    with pytest.raises(Refused, match="dcgan-mnist .*: train dcgan-stacked-mnist"):
        with_source(Pictures(expects=(28, 1)), "stacked-mnist:there", "dcgan-mnist")
    with pytest.raises(Refused, match="gan-grid trains on points"):
        with_source(Grid(), "stacked-mnist:there", "gan-grid")
    with pytest.raises(Refused, match="grid is points"):
        with_source(StackedMNIST(), "grid", "dcgan-stacked-mnist")
    with pytest.raises(Refused, match=f"give {digits[0]}$"):
        check(f"stacked-mnist:{digits[0]}")


def test_what_is_no_mnist_is_refused(tmp_path: Path, cifar_archive: Path) -> None:
    with pytest.raises(Refused, match="give --data stacked-mnist:DIR"):
        StackedMNIST().open()
    with pytest.raises(Refused, match="there is no "):
        StackedMNIST(source=str(tmp_path / "nowhere")).open()
    with pytest.raises(Refused, match="colour pictures of 32x32 pixels"):
        StackedMNIST(source=str(cifar_archive)).open()
    np.save(tmp_path / "wide.npy", np.zeros((3, 8, 9), np.uint8))
    with pytest.raises(Refused, match="stacks grey squares of one size"):
        StackedMNIST(source=str(tmp_path / "wide.npy")).open()


@pytest.mark.parametrize("fields", [{"samples": 0}, {"limit": 0}, {"size": 2}, {"range": (1.0, 0.0)}])
def test_fields_that_cannot_be(fields: dict) -> None:
    with pytest.raises(Refused, match=f"data.{next(iter(fields))}="):
        StackedMNIST(**fields)
