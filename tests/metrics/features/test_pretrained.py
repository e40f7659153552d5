"""The feature networks of others, as far as they can be tried without their packages and weights."""

import hashlib
import sys
import types
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.metrics.features.base import FeatureNetwork
from honmono.metrics.features.pretrained import DinoV2, Inception, Pretrained


CPU = torch.device("cpu")
Patch = pytest.MonkeyPatch
both = pytest.mark.parametrize("network", [Inception(), DinoV2()], ids=lambda network: network.name)


class Broken:
    """A finder under which one module cannot be imported."""

    def __init__(self, module: str, error: Exception) -> None:
        self.module, self.error = module, error

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == self.module:
            raise self.error


def break_import(patch: Patch, module: str, error: Exception) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        patch.delitem(sys.modules, name)
    patch.setattr(sys, "meta_path", [Broken(module, error), *sys.meta_path])


def stand_in(patch: Patch, name: str, **members: Any) -> None:
    """A module of that name, and the packages around it, for the time of a test."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        patch.setitem(sys.modules, ".".join(parts[:count]), types.ModuleType(".".join(parts[:count])))
    for member, value in members.items():
        setattr(sys.modules[name], member, value)


def refusal(ask: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as caught:
        ask()
    message = str(caught.value)
    assert "\n" not in message
    return message


class Extractor(nn.Module):
    """Stands for torch-fidelity's: the same arguments, and uint8 pictures in, a tuple out."""

    def __init__(self, name: str, features_list: list[str], feature_extractor_weights_path: str) -> None:
        super().__init__()
        assert name == "inception" and features_list == ["2048", "logits_unbiased"]
        assert Path(feature_extractor_weights_path).read_bytes() == b"weights"
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        assert pictures.dtype == torch.uint8 and not self.training
        light = pictures.float().mean((1, 2, 3))[:, None] * self.weight
        return light.expand(-1, 2_048), light.expand(-1, 1_008)


class Transformer(nn.Module):
    """Stands for transformers' Dinov2Model: remembers what it was given, and gives a sequence of tokens back."""

    seen: Tensor

    @classmethod
    def from_pretrained(cls, folder: str, *, local_files_only: bool, use_safetensors: bool) -> "Transformer":
        assert local_files_only and use_safetensors and (Path(folder) / "model.safetensors").exists()
        return cls()

    def forward(self, pixel_values: Tensor) -> Any:
        Transformer.seen = pixel_values
        return types.SimpleNamespace(last_hidden_state=torch.arange(257.0)[None, :, None].expand(2, -1, 768))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: Patch) -> Path:
    """Where torch keeps its downloads."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    return tmp_path / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"


@pytest.fixture
def inception_file(hub: Path, monkeypatch: Patch) -> Path:
    """A file that passes for Inception's weights."""
    hub.parent.mkdir()
    hub.write_bytes(b"weights")
    monkeypatch.setattr(Inception, "sha256_prefix", hashlib.sha256(b"weights").hexdigest()[:8])
    return hub


@both
def test_a_missing_package_is_told_with_the_command_that_installs_it(network: Pretrained, monkeypatch: Patch) -> None:
    package = network.package.split(".")[0]
    break_import(monkeypatch, package, ModuleNotFoundError(f"No module named {package!r}", name=package))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *args, **kwargs: pytest.fail("downloaded in vain"))
    for ask in (network.check_packages, network.checksum, lambda: network.load(CPU)):
        message = refusal(ask)
        assert message.startswith(f"the {network.name} features need the package {package}: pip install")
        assert f"'honmono[{network.name}]'" in message and ("CUDA" in message) == (network.name == "inception")


@both
def test_a_broken_torchvision_is_told_in_a_line(network: Pretrained, monkeypatch: Patch) -> None:
    error = RuntimeError("operator torchvision::nms does not exist\nand more")
    break_import(monkeypatch, network.package.split(".")[0], error)
    message = refusal(lambda: network.load(CPU))
    assert "operator torchvision::nms does not exist" in message and "for your torch" in message


def test_inception_without_a_network_says_where_its_weights_belong(hub: Path, monkeypatch: Patch) -> None:
    def offline(*args: Any, **kwargs: Any) -> None:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    stand_in(monkeypatch, Inception.package, FeatureExtractorInceptionV3=Extractor)
    for ask in (Inception().checksum, lambda: Inception().load(CPU)):
        message = refusal(ask)
        assert "no route" in message and message.endswith(f"{Inception.address} to {hub}")


def test_dinov2_without_a_network_says_how_to_get_its_weights(monkeypatch: Patch) -> None:
    def offline(*args: Any, **kwargs: Any) -> None:
        raise FileNotFoundError("not in the cache, and the network is off")

    stand_in(monkeypatch, "transformers", Dinov2Model=Transformer)
    stand_in(monkeypatch, "huggingface_hub", snapshot_download=offline)
    for ask in (DinoV2().checksum, lambda: DinoV2().load(CPU)):
        message = refusal(ask)
        assert "the network is off" in message and "`hf download facebook/dinov2-base`" in message


def test_inception_refuses_another_file_before_anything_reads_it(inception_file: Path, monkeypatch: Patch) -> None:
    stand_in(monkeypatch, Inception.package, FeatureExtractorInceptionV3=Extractor)
    inception_file.write_bytes(b"something else")
    assert refusal(lambda: Inception().load(CPU)).startswith(f"{inception_file} is damaged or another file")


def test_inception_gives_what_torch_fidelity_gives(inception_file: Path, monkeypatch: Patch) -> None:
    stand_in(monkeypatch, Inception.package, FeatureExtractorInceptionV3=Extractor)
    network = Inception()
    features, logits = network.load(CPU)(torch.full((2, 3, 7, 9), 10, dtype=torch.uint8))
    assert logits is not None
    assert features.shape == (2, network.dimension) and logits.shape == (2, len(network.classes))
    assert (features == 10).all() and not features.requires_grad
    assert network.checksum() == hashlib.sha256(b"weights").hexdigest()
    with pytest.raises(ValueError, match="uint8 pictures"):
        network.load(CPU)(torch.zeros(2, 3, 7, 7))


def test_dinov2_is_given_normalized_pictures_and_asked_for_its_class_token(tmp_path: Path, monkeypatch: Patch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    stand_in(monkeypatch, "transformers", Dinov2Model=Transformer)
    stand_in(monkeypatch, "huggingface_hub", snapshot_download=lambda name, allow_patterns: str(tmp_path))
    network = DinoV2()
    pictures = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
    pictures[1] = 255
    features, logits = network.load(CPU)(pictures)
    assert logits is None and features.shape == (2, network.dimension) and (features == 0).all()
    black, white = Transformer.seen.mean((2, 3))
    assert Transformer.seen.shape == (2, 3, 224, 224)
    torch.testing.assert_close(black, torch.tensor([-2.1179, -2.0357, -1.8044]), atol=1e-4, rtol=0)
    torch.testing.assert_close(white, torch.tensor([2.2489, 2.4286, 2.6400]), atol=1e-4, rtol=0)
    assert network.checksum() == hashlib.sha256(b"weights").hexdigest()


def test_dinov2_resizes_as_an_antialiased_bicubic_that_stays_in_range(tmp_path: Path, monkeypatch: Patch) -> None:
    pictures = torch.zeros(2, 3, 500, 500, dtype=torch.uint8)
    pictures[..., ::2] = 255  # without antialiasing these stripes would stay black and white, or alias
    pictures[:, :, :250, 250:] = 255
    DinoV2().features(Transformer(), pictures)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = (Transformer.seen * deviation[:, None, None] + mean[:, None, None]) * 255
    torch.testing.assert_close(pixels, pixels.round().clamp(0, 255), atol=1e-3, rtol=0)
    grey = pixels[:, :, 120:-3, 3:100]
    assert ((grey - 127.5).abs() < 8).all()
    pillows = np.asarray(Image.fromarray(pictures[0, 0].numpy()).resize((224, 224), Image.Resampling.BICUBIC))
    apart = (pixels[0, 0] - torch.from_numpy(pillows.astype(np.float32))).abs()
    assert apart.max() < 4 and apart.mean() < 0.1  # Pillow rounds between columns and rows


def test_they_need_neither_package_nor_weights_to_be_named(monkeypatch: Patch) -> None:
    networks: list[FeatureNetwork] = [Inception(), DinoV2()]
    assert [(network.size, network.channels) for network in networks] == [(None, 3), (None, 3)]
    assert not {"torch_fidelity", "transformers"} & set(sys.modules)
