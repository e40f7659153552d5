"""Our own feature networks: small classifiers of real pictures, shipped with the package (benchmarks/features.py).

Their features are the input of the last layer: the last convolution's channels after its ReLU, averaged over the
picture. So they are not negative, and most of them are informative about a class.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, final

import torch
from jaxtyping import Float, UInt8
from safetensors import SafetensorError
from safetensors.torch import load as unpack
from torch import Tensor, nn

from honmono.errors import Failed, Refused
from honmono.metrics.features.base import Extract, FeatureNetwork


WEIGHTS = Path(__file__).parent / "weights"
_DIGITS = tuple("0123456789")
_PATCH = 2  # pixels a side of what the first convolution sees


@final
class SmallNetwork(nn.Module):
    """A convolution of 2x2 patches, then two 3x3 convolutions for each width, the first of them followed by pooling.

    The first convolution has eight channels for each of the picture's: the four principal axes of a patch and their
    negatives. Source: Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU" (2024), with fewer channels.
    """

    def __init__(self, channels: int, widths: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(channels, 2 * channels * _PATCH**2, _PATCH)
        inputs = (self.patches.out_channels, *widths)
        self.stages = nn.Sequential(*(_stage(*pair) for pair in zip(inputs, widths, strict=False)))
        self.head = nn.Linear(widths[-1], classes)

    def forward(
        self, pictures: Float[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch dimension"], Float[Tensor, "batch classes"]]:
        """Features and logits of pictures from -1 (black) to 1."""
        features = self.stages(self.patches(pictures).relu()).mean((2, 3))
        return features, self.head(features)


def _stage(inputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, padding=1, bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


def to_samples(pictures: UInt8[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
    """0..255 as -1..1, float32, in the channels-last layout, in which convolutions are fastest."""
    return pictures.to(torch.float32, memory_format=torch.channels_last).div_(127.5).sub_(1)


@dataclass(frozen=True)
class Classifier(FeatureNetwork):
    """One of our networks with its shipped weights.

    folder: has `<name>.safetensors`, and `<name>.json` with its checksum and how it was trained.
    """

    widths: ClassVar[tuple[int, ...]]

    folder: Path = WEIGHTS

    def build(self) -> SmallNetwork:
        """The network with fresh weights."""
        return SmallNetwork(self.channels, self.widths, len(self.classes))

    def record(self) -> dict[str, Any]:
        """How and on what it was trained, and its test accuracy."""
        path = self.folder / f"{self.name}.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise self._failed(f"the record cannot be read ({error})") from error

    def check_packages(self) -> None:
        """Needs no optional package."""

    def checksum(self) -> str:
        """The SHA-256 of the weights' file. Raises `Failed` where it is not the shipped one."""
        return hashlib.sha256(self._content()).hexdigest()

    def load(self, device: torch.device) -> Extract:
        """The network on a device, float32. Raises `Failed` where its file is missing or damaged."""
        return partial(self._extract, self.frozen(device))

    def frozen(self, device: torch.device) -> SmallNetwork:
        """The network itself, in evaluation mode; pictures keep their gradients, weights have none."""
        content = self._content()
        with torch.device("meta"):  # draws no weights: measuring must not change the random numbers of a training
            network = self.build()
        try:
            network.load_state_dict(from_stored(unpack(content)), assign=True)
        except (SafetensorError, RuntimeError) as error:
            raise self._failed("the weights do not fit this version") from error
        return network.eval().requires_grad_(False).to(device)

    def _content(self) -> bytes:
        path = self.folder / f"{self.name}.safetensors"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise self._failed(f"the weights cannot be read ({error})") from error
        if hashlib.sha256(content).hexdigest() != self.record().get("sha256"):
            raise self._failed(f"{path} is damaged")
        return content

    def _failed(self, why: str) -> Failed:
        return Failed(f"the {self.name} features cannot be loaded: {why}: reinstall honmono")

    @torch.no_grad()
    def _extract(self, network: SmallNetwork, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        check_pictures(self, pictures)
        return network(to_samples(pictures))


def check_pictures(network: FeatureNetwork, pictures: Tensor) -> None:
    """Raises `Refused`, a `ValueError`, unless these are uint8 pictures of the network's size and channels."""
    side = network.size or "any"
    wanted = (network.channels, side, side)
    fits = [want in ("any", given) for want, given in zip(wanted, pictures.shape[1:], strict=False)]
    if pictures.dtype != torch.uint8 or pictures.ndim != 4 or not all(fits):
        given = f"{pictures.dtype} {tuple(pictures.shape)}"
        shape = ", ".join(str(want) for want in wanted)
        raise Refused(
            f"the {network.name} features take uint8 pictures (batch, {shape}), not {given}: convert them first"
        )


def to_stored(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict as shipped: kernels in float16, which halves the file; vectors and statistics in float32."""
    kept = {name: tensor for name, tensor in weights.items() if tensor.is_floating_point()}
    return {name: tensor.half().contiguous() if tensor.ndim > 1 else tensor for name, tensor in kept.items()}


def from_stored(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state dict from `to_stored`; restores the unused batch counters of batch norms."""
    counts = {name.removesuffix("running_mean") for name in stored if name.endswith("running_mean")}
    weights = {name: tensor.float() for name, tensor in stored.items()}
    return weights | {f"{prefix}num_batches_tracked": torch.tensor(0) for prefix in counts}


@final
class Mnist(Classifier):
    """Classifies MNIST's digits."""

    name, size, channels, dimension, classes = "mnist", 28, 1, 128, _DIGITS
    widths = (16, 32, 128)


@final
class Digits(Classifier):
    """Classifies scikit-learn's digits."""

    name, size, channels, dimension, classes = "digits", 8, 1, 64, _DIGITS
    widths = (32, 64)


@final
class Cifar10(Classifier):
    """Classifies CIFAR-10; trained on its pictures as JPEG files."""

    name, size, channels, dimension = "cifar10", 32, 3, 128
    classes = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    widths = (32, 64, 128)
