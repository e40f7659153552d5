"""Our own feature networks, through the weights that are shipped."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from honmono.data.packing.packed import PackedPictures
from honmono.data.pictures import Pictures
from honmono.data.sources.digits import Digits as DigitPictures
from honmono.errors import Failed, Refused
from honmono.metrics.features.base import Extract
from honmono.metrics.features.classifiers import WEIGHTS, Cifar10, Classifier, Digits, Mnist, from_stored, to_stored


CPU = torch.device("cpu")
OURS = (Mnist, Digits, Cifar10)
every = pytest.mark.parametrize("network", [one() for one in OURS], ids=lambda network: network.name)


def noise(network: Classifier, number: int) -> Tensor:
    random = np.random.default_rng(0)
    shape = (number, network.channels, network.size or 0, network.size or 0)
    return torch.from_numpy(random.integers(256, size=shape, dtype=np.uint8))


def digits() -> tuple[Tensor, Tensor]:
    """scikit-learn's digits, as 0..255."""
    source = DigitPictures()
    labels = torch.tensor([item.label for item in source.listing().items])
    pixels = torch.stack([torch.from_numpy(content) for _, content in source.contents(len(labels))])
    return pixels[:, None], labels


def told(extract: Extract, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Features and logits, of a network that has these."""
    features, logits = extract(pictures)
    assert logits is not None
    return features, logits


def share_right(network: Classifier, pictures: Tensor, labels: Tensor) -> float:
    extract = network.load(CPU)
    right = 0
    for some, theirs in zip(pictures.split(500), labels.split(500), strict=True):
        right += int((told(extract, some)[1].argmax(1) == theirs).sum())
    return right / len(labels)


@every
def test_features_and_logits_have_their_shapes_and_are_finite(network: Classifier) -> None:
    features, logits = told(network.load(CPU), noise(network, 5))
    assert features.shape == (5, network.dimension) and logits.shape == (5, len(network.classes))
    assert features.dtype == logits.dtype == torch.float32
    assert features.isfinite().all() and logits.isfinite().all() and not logits.requires_grad
    assert (features >= 0).all() and (features.std(0) > 0).sum() > network.dimension / 2


@every
def test_features_do_not_depend_on_the_batch(network: Classifier) -> None:
    pictures, extract = noise(network, 60), network.load(CPU)
    together = told(extract, pictures)
    for size in (1, 7, 32):
        parts = [told(extract, part) for part in pictures.split(size)]
        for place in (0, 1):
            apart = torch.cat([part[place] for part in parts])
            torch.testing.assert_close(apart, together[place], rtol=0, atol=1e-5)
    assert torch.equal(extract(pictures)[0], together[0]) and torch.equal(network.load(CPU)(pictures)[0], together[0])


@every
def test_only_uint8_pictures_of_its_size_are_taken(network: Classifier) -> None:
    extract, pictures = network.load(CPU), noise(network, 2)
    for wrong in (pictures.float(), pictures[:, :, 1:], pictures[0], pictures.repeat(1, 2, 1, 1), pictures.bool()):
        with pytest.raises(ValueError, match=f"the {network.name} features take uint8 pictures"):
            extract(wrong)


@every
def test_what_is_shipped_is_what_its_record_tells(network: Classifier) -> None:
    record = network.record()
    assert record["name"] == network.name and record["sha256"] == network.checksum()
    assert tuple(record["classes"]) == network.classes and tuple(record["widths"]) == network.widths
    assert network.dimension == network.widths[-1]
    assert sum(weight.numel() for weight in network.build().parameters()) == record["parameters"]
    assert record["test_accuracy"] == round(record["test_correct"] / record["test"]["pictures"], 6)
    assert record["train"]["pictures"] > record["test"]["pictures"] > 0 and record["seconds"] > 0
    assert (WEIGHTS / f"{network.name}.safetensors").stat().st_size <= 600 * 1024


@pytest.mark.parametrize("damage", ["a flipped bit", "a cut", "no weights", "no record", "an empty record"])
def test_damaged_files_are_refused_in_a_line(damage: str, tmp_path: Path) -> None:
    for end in ("safetensors", "json"):
        shutil.copy(WEIGHTS / f"digits.{end}", tmp_path)
    weights, record = tmp_path / "digits.safetensors", tmp_path / "digits.json"
    content = bytearray(weights.read_bytes())
    if damage == "a flipped bit":
        content[len(content) // 2] ^= 1
        weights.write_bytes(content)
    elif damage == "a cut":
        weights.write_bytes(content[:1000])
    elif damage == "no weights":
        weights.unlink()
    elif damage == "no record":
        record.unlink()
    else:
        record.write_text("")
    network = Digits(folder=tmp_path)
    for ask in (network.checksum, lambda: network.load(CPU)):
        with pytest.raises(Failed, match="^the digits features .*: reinstall honmono$"):
            ask()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    shutil.copy(WEIGHTS / "digits.safetensors", tmp_path / "mnist.safetensors")
    record = Mnist().record() | {"sha256": Digits().checksum()}
    (tmp_path / "mnist.json").write_text(json.dumps(record))
    with pytest.raises(Failed, match="do not fit"):
        Mnist(folder=tmp_path).load(CPU)


def test_stored_weights_are_half_as_long_and_close() -> None:
    torch.manual_seed(0)
    weights = Digits().build().state_dict()
    back = from_stored(to_stored(weights))
    assert back.keys() == weights.keys()
    for name, tensor in weights.items():
        assert back[name].dtype == tensor.dtype
        torch.testing.assert_close(back[name], tensor, rtol=2**-11, atol=1e-6)


def test_digits_reads_the_fifth_that_was_held_out() -> None:
    pictures, labels = digits()
    record = Digits().record()
    assert len(labels[::5]) == record["test"]["pictures"] == 360
    # One picture more or less may be read otherwise where sums round differently.
    assert share_right(Digits(), pictures[::5], labels[::5]) == pytest.approx(record["test_accuracy"], abs=1.5 / 360)
    assert record["test_accuracy"] >= 0.99


def test_the_shares_fingerprints_are_those_of_the_pictures_as_packed() -> None:
    assert Pictures(source="digits").open().fingerprint == Digits().record()["test"]["content"]


def test_mnist_reads_the_test_pictures(mnist_dir: Path) -> None:
    agrees(Mnist(), Pictures(source=f"{mnist_dir}@test").open())
    assert Mnist().record()["test_accuracy"] >= 0.993


@pytest.mark.slow
def test_cifar10_reads_the_test_pictures(cifar_archive: Path) -> None:
    agrees(Cifar10(), Pictures(source=f"{cifar_archive}@test").open())


def agrees(network: Classifier, test: PackedPictures) -> None:
    """Its classes are named as the data name them, and it reads as many as its record tells, to one in a thousand."""
    assert network.classes == test.classes
    pictures, labels = test.gather(np.arange(10_000), np.random.default_rng(0))
    assert labels is not None
    pixels = (pictures + 1).mul(127.5).round().to(torch.uint8)
    assert share_right(network, pixels, labels) == pytest.approx(network.record()["test_accuracy"], abs=1e-3)


def test_loading_draws_no_random_numbers() -> None:
    before = torch.get_rng_state()
    Digits().load(CPU)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_wrong_call_is_refused() -> None:
    with pytest.raises(Refused, match=r"\(batch, 1, 8, 8\), not torch.uint8 \(3, 1, 9, 9\)"):
        Digits().load(CPU)(torch.zeros(3, 1, 9, 9, dtype=torch.uint8))
