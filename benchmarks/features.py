"""Trains a feature network of ours and writes it where the package ships it, with its test accuracy and checksum.

    python benchmarks/features.py digits
    python benchmarks/features.py mnist --data DIRECTORY_OF_IDX_FILES
    python benchmarks/features.py cifar10 --data cifar10_jpg.tar.gz

The settings below are those that the shipped weights were trained with. The test pictures are looked at once, at the
end, through the weights as they are stored.
"""

import argparse
import hashlib
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import save as pack_tensors
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from honmono.data.packing.pack import LABELS, PICTURES
from honmono.data.pictures import Pictures
from honmono.files import atomic_write_bytes, write_json
from honmono.metrics.features.classifiers import (
    WEIGHTS,
    Classifier,
    SmallNetwork,
    from_stored,
    to_samples,
    to_stored,
)
from honmono.metrics.features.named import feature_network
from honmono.randomness import seed_of, stream
from honmono.runs.environment import environment


@dataclass(frozen=True)
class Settings:
    """rotation: degrees, scale: share, shift: pixels, each drawn evenly from -x to x; whole: only whole pixels.

    flip: whether half of the pictures are mirrored. outside: what lies beyond a picture's edge.
    peak: the learning rate after the first fifth, to which it climbs and from which it falls to 0 in straight lines.
    """

    data: str  # how the data are called beside a number
    epochs: int
    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    whole: bool = False
    flip: bool = False
    outside: str = "zeros"
    batch: int = 128
    peak: float = 0.1
    momentum: float = 0.9
    decay: float = 5e-4
    smoothing: float = 0.1
    average: float = 0.995
    seed: int = 0


SETTINGS = {
    "mnist": Settings("MNIST", epochs=12, rotation=10, scale=0.1, shift=2),
    "digits": Settings("scikit-learn's digits", epochs=60, rotation=8, scale=0.1, shift=0.7, batch=64),
    "cifar10": Settings("CIFAR-10 (JPEG)", epochs=20, shift=2, whole=True, flip=True, outside="reflection", peak=0.2),
}


class Set(NamedTuple):
    pictures: Tensor  # (count, channels, size, size) uint8
    labels: Tensor
    content: str  # the hash of the packed pictures that these were taken from


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains a feature network.")
    parser.add_argument("name", choices=SETTINGS)
    parser.add_argument("--data", default="digits", help="where the pictures lie, as for `honmono train`")
    parser.add_argument("--epochs", type=int, help="other than the shipped ones")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    asked = parser.parse_args()
    settings = SETTINGS[asked.name]
    if asked.epochs:
        settings = Settings(**asdict(settings) | {"epochs": asked.epochs})
    network = feature_network(asked.name)
    assert isinstance(network, Classifier)
    train, test = read(asked.data)
    if train.pictures.shape[1:] != (network.channels, network.size, network.size):
        parser.error(f"{asked.data} holds pictures of {tuple(train.pictures.shape[1:])}: name other --data")
    begun = time.monotonic()
    stored = to_stored(trained(network, settings, train).state_dict())
    seconds = time.monotonic() - begun
    judged = network.build()
    judged.load_state_dict(from_stored(stored))
    correct = count_correct(judged, test)
    content = pack_tensors(stored)
    record = {
        "name": network.name,
        "classes": network.classes,
        "widths": network.widths,
        "parameters": sum(weight.numel() for weight in judged.parameters()),
        "train": {"pictures": len(train.labels), "content": train.content},
        "test": {"pictures": len(test.labels), "content": test.content},
        "test_correct": correct,
        "test_accuracy": round(correct / len(test.labels), 6),
        "settings": asdict(settings),
        "seconds": round(seconds, 1),
        "hardware": environment(["benchmarks/features.py", asked.name]),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    asked.out.mkdir(exist_ok=True, parents=True)
    atomic_write_bytes(asked.out / f"{network.name}.safetensors", content)
    write_json(asked.out / f"{network.name}.json", record)
    print(f"{correct:,} of {len(test.labels):,} right in {seconds:.0f} s")


def read(source: str) -> tuple[Set, Set]:
    """Training and test pictures. Of the built-in digits, which have no test split, every fifth is a test picture."""
    if source != "digits":
        return packed(f"{source}@train"), packed(f"{source}@test")
    every = packed(source)
    fifth = torch.arange(len(every.labels)) % 5 == 0
    train, test = (Set(every.pictures[chosen], every.labels[chosen], every.content) for chosen in (~fifth, fifth))
    return train, test


def packed(source: str) -> Set:
    dataset = Pictures(source=source).open()
    pictures, labels = (torch.from_numpy(np.load(dataset.path / name)) for name in (PICTURES, LABELS))
    return Set(pictures, labels, dataset.fingerprint)


def trained(network: Classifier, settings: Settings, train: Set) -> SmallNetwork:
    """The averaged network after SGD with Nesterov's momentum."""
    torch.manual_seed(seed_of(settings.seed, "weights"))
    # The stubs of torch do not know this argument.
    learner = network.build().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    begin_with_principal_axes(learner, train.pictures)
    average = AveragedModel(learner, multi_avg_fn=get_ema_multi_avg_fn(settings.average), use_buffers=True)
    optimizer = torch.optim.SGD(
        learner.parameters(), settings.peak, settings.momentum, weight_decay=settings.decay, nesterov=True, fused=True
    )
    batches = len(train.labels) // settings.batch
    for epoch in range(settings.epochs):
        begun, total = time.monotonic(), 0.0
        order = torch.from_numpy(stream(settings.seed, "order", epoch).permutation(len(train.labels)))
        for batch in range(batches):
            done = (epoch + batch / batches) / settings.epochs
            optimizer.param_groups[0]["lr"] = settings.peak * min(done / 0.2, (1 - done) / 0.8)
            at = order[batch * settings.batch :][: settings.batch]
            samples = warped(train.pictures[at], settings, stream(settings.seed, "warp", epoch, batch))
            _, logits = learner(samples)
            loss = functional.cross_entropy(logits, train.labels[at], label_smoothing=settings.smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            average.update_parameters(learner)
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total / batches:.4f}, {time.monotonic() - begun:.1f} s", flush=True)
    assert isinstance(average.module, SmallNetwork)
    return average.module


def begin_with_principal_axes(learner: SmallNetwork, pictures: Tensor) -> None:
    """The first convolution starts as the principal axes of patches, scaled to unit variance, and their opposites."""
    kernel = learner.patches.weight
    patches = functional.unfold(to_samples(pictures[:5_000]), kernel.shape[2:])
    rows = patches.transpose(1, 2).reshape(-1, patches.shape[1])
    values, vectors = torch.linalg.eigh(rows.T.cov())
    axes = (vectors / (values + 5e-4).sqrt()).T.reshape(-1, *kernel.shape[1:])
    with torch.no_grad():
        kernel.copy_(torch.cat((axes, -axes)))
        learner.patches.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]


def warped(pictures: Tensor, settings: Settings, random: np.random.Generator) -> Tensor:
    """Samples, each turned, scaled, moved and mirrored by its own draws."""
    draws = torch.from_numpy(random.random((5, len(pictures)), dtype=np.float32)) * 2 - 1
    angle, scale = draws[0] * math.radians(settings.rotation), 1 + draws[1] * settings.scale
    shift = draws[2:4] * (settings.shift + 0.5 * settings.whole)
    shift = (shift.round() if settings.whole else shift) * 2 / pictures.shape[-1]
    mirror = torch.where(draws[4] < 0, -1.0, 1.0) if settings.flip else torch.ones(len(pictures))
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = (cos * mirror, -sin, shift[0], sin * mirror, cos, shift[1])
    grid = functional.affine_grid(torch.stack(rows, 1).reshape(-1, 2, 3), list(pictures.shape), align_corners=False)
    # From 0 to 1, so that what lies outside is black.
    light = functional.grid_sample(pictures / 255, grid, padding_mode=settings.outside, align_corners=False)
    return light.contiguous(memory_format=torch.channels_last).mul_(2).sub_(1)


@torch.no_grad()
def count_correct(network: SmallNetwork, test: Set) -> int:
    network.eval()
    chunks = zip(test.pictures.split(500), test.labels.split(500), strict=True)
    return sum(int((network(to_samples(pictures))[1].argmax(1) == labels).sum()) for pictures, labels in chunks)


if __name__ == "__main__":
    main()
