"""Published feature networks, for numbers that are comparable with published ones; they need optional packages.

Not tested with the real weights, which are downloaded (91 and 346 MB) when a network is first loaded.
"""

import hashlib
import importlib
import sys
from abc import abstractmethod
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from honmono.errors import Refused
from honmono.metrics.features.base import Extract, FeatureNetwork
from honmono.metrics.features.classifiers import check_pictures


_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and standard deviation of its red, green and blue


class Pretrained(FeatureNetwork):
    """Base class: takes colour pictures of any size, and resizes them as the network's protocol prescribes."""

    size = None
    channels = 3

    package: ClassVar[str]  # the module of the network; the extra that installs it has the network's name
    member: ClassVar[str]  # the network's class in it
    caution: ClassVar[str]  # a warning before the extra is installed

    def check_packages(self) -> None:
        """Imports the package."""
        self._network_class()

    def checksum(self) -> str:
        """The SHA-256 of the weights' file, which is downloaded where it is missing."""
        with open(self.weights(), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def load(self, device: torch.device) -> Extract:
        """The network on a device, float32. Raises `Refused` where its package or weights are missing."""
        network = self.network().eval().requires_grad_(False).to(device)
        return partial(self._extract, network)

    @torch.no_grad()
    def _extract(self, network: nn.Module, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        check_pictures(self, pictures)
        return self.features(network, pictures)

    @abstractmethod
    def weights(self) -> Path:
        """The file of the weights. Raises `Refused` where it cannot be downloaded."""

    @abstractmethod
    def network(self) -> nn.Module:
        """The network with its weights."""

    @abstractmethod
    def features(self, network: nn.Module, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features and logits of uint8 pictures (batch, 3, height, width)."""

    def _network_class(self) -> Any:
        """The network's class in its package. Raises `Refused` where it cannot be imported."""
        try:
            return getattr(importlib.import_module(self.package), self.member)
        except Exception as error:  # a torchvision made for another torch raises almost anything
            if isinstance(error, ModuleNotFoundError) and error.name == self.package.split(".")[0]:
                raise Refused(
                    f"the {self.name} features need the package {error.name}: pip install 'honmono[{self.name}]'"
                    f"{self.caution}"
                ) from error
            why = f"{self.package} cannot be imported ({_one_line(error)})"
            raise Refused(
                f"the {self.name} features are not available: {why}: if torchvision is the cause, install the version "
                "for your torch, or use the features mnist, digits or cifar10"
            ) from error

    def _download_failed(self, error: Exception, advice: str) -> Refused:
        return Refused(f"the weights of the {self.name} features cannot be downloaded ({_one_line(error)}): {advice}")


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip().splitlines()[0].rstrip(".: ")


@final
class Inception(Pretrained):
    """The Inception network of 2015, used by published FID, KID and Inception scores, as ported by torch-fidelity.

    It resizes to 299x299 as TensorFlow 1 did, bilinear without antialiasing. Logits are without bias.
    Source: Heusel et al., "GANs trained by a two time-scale update rule" (2017); Salimans et al. (2016) for the logits.
    """

    name, dimension = "inception", 2_048
    classes = tuple(str(number) for number in range(1_008))
    package, member = "torch_fidelity.feature_extractor_inceptionv3", "FeatureExtractorInceptionV3"
    caution = (
        " (it installs torchvision: if your torch is a CPU build, first install the torchvision of the same source, or"
        " pip replaces torch with a CUDA build of 5 GB)"
    )

    address: ClassVar[str] = (
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
    )
    sha256_prefix: ClassVar[str] = "6726825d"  # the first digits of that file's SHA-256

    def weights(self) -> Path:
        """In torch's download cache, so that torch-fidelity and torchmetrics share the file."""
        self.check_packages()  # before a useless download
        path = Path(torch.hub.get_dir()) / "checkpoints" / self.address.rpartition("/")[2]
        if not path.exists():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                torch.hub.download_url_to_file(
                    self.address, str(path), self.sha256_prefix, progress=sys.stderr.isatty()
                )
            except (OSError, RuntimeError) as error:  # no network, or an unexpected file
                raise self._download_failed(error, f"download {self.address} to {path}") from error
        return path

    def network(self) -> nn.Module:
        """torch-fidelity's extractor."""
        extractor = self._network_class()
        # torch-fidelity may unpickle the file, so it is checked each time, not only after a download.
        if not self.checksum().startswith(self.sha256_prefix):
            raise Refused(f"{self.weights()} is damaged or another file: remove it to download it again")
        return extractor(self.name, ["2048", "logits_unbiased"], feature_extractor_weights_path=str(self.weights()))

    def features(self, network: nn.Module, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        """The 2,048 averages before the last layer, and its 1,008 logits."""
        features, logits = network(pictures)
        return features, logits


@final
class DinoV2(Pretrained):
    """DINOv2's ViT-B/14, a self-supervised network, from transformers: its normalized class token.

    Resizing: antialiased bicubic to 224x224, rounded to 0..255; then ImageNet's mean and standard deviation. Published
    numbers (Stein et al., "Exposing flaws of generative model evaluation metrics", 2023) use the larger ViT-L/14, and
    are not comparable with these. Source: Oquab et al., "DINOv2" (2023).
    """

    name, dimension = "dinov2", 768
    package, member = "transformers", "Dinov2Model"
    caution = ""

    repository: ClassVar[str] = "facebook/dinov2-base"
    side: ClassVar[int] = 224

    def weights(self) -> Path:
        """In the Hugging Face cache."""
        self.check_packages()  # transformers installs the hub's library
        hub = importlib.import_module("huggingface_hub")
        try:
            files = ["config.json", "model.safetensors"]
            return Path(hub.snapshot_download(self.repository, allow_patterns=files)) / files[1]
        except (OSError, ValueError) as error:
            raise self._download_failed(error, f"run `hf download {self.repository}` with network access") from error

    def network(self) -> nn.Module:
        """transformers' Dinov2Model, from safetensors only."""
        return self._network_class().from_pretrained(
            str(self.weights().parent), local_files_only=True, use_safetensors=True
        )

    def features(self, network: nn.Module, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        """The 768 numbers of the class token; no logits."""
        sides = (self.side, self.side)
        resized = functional.interpolate(pictures.float(), sides, mode="bicubic", antialias=True, align_corners=False)
        mean, deviation = (torch.tensor(row, device=pictures.device)[:, None, None] for row in _IMAGENET)
        samples = (resized.round().clamp(0, 255) / 255 - mean) / deviation
        return network(pixel_values=samples).last_hidden_state[:, 0], None
