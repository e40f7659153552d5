"""The real pictures that fakes are held against, as each feature network wants them, and their features in the cache.

They are those of the recipe's source, never as the recipe crops, limits or mirrors them, so that all recipes on one
source share one reference.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int, UInt8
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from honmono.data.cache import cache_dir, turn_at
from honmono.data.packing.fit import Fit
from honmono.data.packing.pack import LABELS, PICTURES
from honmono.data.pictures import Pictures
from honmono.data.sources.base import Classes
from honmono.data.sources.open import open_source
from honmono.data.stacked import StackedMNIST
from honmono.errors import Refused
from honmono.evaluation.extraction import Networks, chunk_of
from honmono.evaluation.preprocess import FeaturePreprocessing, quantized
from honmono.files import atomic_directory
from honmono.metrics.base import Extracted
from honmono.metrics.features.base import FeatureNetwork
from honmono.randomness import stream
from honmono.recipe.value import Recipe


FORMAT_VERSION = 1  # of what is kept: raise it whenever the same request would give other features
FEATURES, RECORD = "features.safetensors", "record.json"
BLOCK = 1_024  # pictures read at once


@dataclass(frozen=True)
class Originals:
    """Real pictures as one feature network wants them.

    content: hash of pixels and labels. classes: what the labels stand for. take: the uint8 pictures at some indices.
    """

    source: str
    split: str | None
    content: str
    total: int
    labels: np.ndarray | None
    classes: tuple[str, ...]
    take: Callable[[np.ndarray], Tensor]


class Reference:
    """The reals of one evaluation.

    source: in place of the recipe's own. A subset is the first of them in an order that is drawn once and for all.
    """

    def __init__(self, recipe: Recipe, sample_shape: tuple[int, ...], source: str | None, networks: Networks) -> None:
        self._recipe, self._shape, self._source, self._networks = recipe, sample_shape, source, networks
        self._reals: dict[str, Reals] = {}

    def reals(self, network: str) -> "Reals":
        """Those for one feature network."""
        if network not in self._reals:
            stored = self._open(self._networks.network(network))
            self._reals[network] = Reals(stored, network, self._networks)
        return self._reals[network]

    def conforming(self, network: str) -> FeaturePreprocessing:
        """How the recipe's fakes become pictures of the same kind."""
        wants = self._networks.network(network)
        side = self._shape[-1]
        smaller = wants.size is not None and wants.size < side
        return FeaturePreprocessing(
            side, wants.size or side, wants.channels, self._longest_padded() if smaller else None
        )

    @cached_property
    def _longest(self) -> int:
        """The longest side among the pictures of the recipe's own source."""
        data = self._recipe.data
        own = data if isinstance(data, Pictures) else Pictures(source=getattr(data, "source", None))
        return own.open().record["holds"]["longest"]

    def _longest_padded(self) -> int | None:
        data = self._recipe.data
        pads = data.fit == "pad" if isinstance(data, Pictures) else isinstance(data, StackedMNIST)
        return self._longest if pads else None

    @property
    def used(self) -> dict[str, "Reals"]:
        """By feature network, those that a metric has looked at."""
        return {name: reals for name, reals in self._reals.items() if reals.used}

    def _open(self, network: FeatureNetwork) -> Originals:
        data = self._recipe.data
        if self._source is None and not isinstance(data, Pictures):
            return self._from_data(network)
        source = self._source or getattr(data, "source", None)
        if source is None:
            raise Refused("the recipe does not say which pictures are real: name some with --reference SOURCE")
        size, channels = network.size or self._shape[-1], 1 if network.channels == 1 else 3
        fit: Fit = getattr(data, "fit", "crop")
        classes: Classes = getattr(data, "classes", "auto")
        try:
            split = open_source(source).split
        except Refused as refusal:
            mend = "" if self._source else "; --reference SOURCE names the real pictures where they are now"
            raise Refused(f"{refusal}{mend}") from refusal
        packed = self._as_trained(
            Pictures(source=source, size=size, channels=channels, fit=fit, classes=classes)
        ).open()
        pixels = np.load(packed.path / PICTURES, mmap_mode="r")
        labels = np.load(packed.path / LABELS) if (packed.path / LABELS).exists() else None

        def take(indices: np.ndarray) -> Tensor:
            return torch.from_numpy(pixels[indices])

        return Originals(source, split, packed.fingerprint, len(pixels), labels, packed.classes, take)

    def _as_trained(self, wanted: Pictures) -> Pictures:
        """The recipe's own data where its pixels are the same: they are packed already."""
        data = self._recipe.data
        if not isinstance(data, Pictures) or data.limit is not None:
            return wanted
        same = (data.source, data.fit) == (wanted.source, wanted.fit)
        return data if same and self._shape == (wanted.channels, wanted.size, wanted.size) else wanted

    def _from_data(self, network: FeatureNetwork) -> Originals:
        """For data that is made of pictures (stacked digits): its samples, brought to size as fakes are."""
        data = self._recipe.data
        dataset = data.open()
        if dataset.length is None or len(dataset.sample_shape) != 3:
            raise Refused("only pictures are looked at by feature networks: measure points with --metrics modes")
        conform = self.conforming(network.name)
        value_range = getattr(data, "range", (-1.0, 1.0))

        def take(indices: np.ndarray) -> Tensor:
            return conform(quantized(dataset.gather(indices, stream(0, "reference")).real, value_range))

        name = str(getattr(data, "source", None) or type(data).__name__)
        return Originals(name, None, dataset.fingerprint, dataset.length, None, (), take)


class Reals:
    """The real pictures of one feature network and what it says of them. used: the most that a metric was given."""

    def __init__(self, stored: Originals, name: str, networks: Networks) -> None:
        self.stored, self._name, self._networks = stored, name, networks
        self.used = 0
        self._features: tuple[Tensor, Tensor | None] | None = None

    @cached_property
    def _order(self) -> np.ndarray:
        return stream(0, "reference").permutation(self.stored.total)

    def pictures(self, places: Int[Tensor, " number"]) -> UInt8[Tensor, "number channels height width"]:
        """Those at these places of the order; no others are read."""
        return self.stored.take(self._order[places.numpy()])

    def extracted(self, number: int) -> Extracted:
        """What the network says of the first `number`, or of all where there are fewer."""
        number = min(number, self.stored.total)
        self.used = max(self.used, number)
        if self._features is None or len(self._features[0]) < number:
            self._features = self._kept_or_made(number)
        features, logits = self._features
        labels = None if self.stored.labels is None else torch.from_numpy(self.stored.labels[self._order[:number]])
        return Extracted(features[:number], None if logits is None else logits[:number], labels)

    def _rows(self, number: int) -> Iterator[Tensor]:
        chosen = self._order[:number]
        for start in range(0, len(chosen), BLOCK):
            yield self.stored.take(chosen[start : start + BLOCK])

    def _kept_or_made(self, number: int) -> tuple[Tensor, Tensor | None]:
        entry = cache_dir() / "references" / self._key() / str(number)
        with ExitStack() as turn:
            kept = read_kept(entry.parent, number)
            if kept is None:
                with suppress(OSError):  # a cache that cannot be written to costs time, not correctness
                    turn.enter_context(turn_at(entry))
                kept = read_kept(entry.parent, number)
            if kept is None:
                kept = self._networks.extraction(self._name, self._rows(number)).first(number)
                with suppress(OSError):
                    keep(entry, *kept)
        return kept

    def _key(self) -> str:
        """All that the features depend on. The kind of device is among it: its sums come out a little different."""
        network = self._networks.network(self._name)
        parts = (self.stored.content, self._name, network.checksum(), chunk_of(network), self._networks.device.type)
        return hashlib.blake2b(json.dumps([*parts, FORMAT_VERSION]).encode(), digest_size=16).hexdigest()


def keep(entry: Path, features: Tensor, logits: Tensor | None) -> None:
    """Puts features into the cache, whole or not at all."""
    tensors = {"features": features.contiguous()} | ({} if logits is None else {"logits": logits.contiguous()})
    with atomic_directory(entry) as folder:
        save_file(tensors, folder / FEATURES)
        record = {"count": len(features), "hash": _hash(folder / FEATURES)}
        (folder / RECORD).write_text(json.dumps(record), encoding="utf-8")


def read_kept(folder: Path, number: int) -> tuple[Tensor, Tensor | None] | None:
    """The first `number` of the features in the cache; None where it has too few. Clears away what is damaged."""
    counts = sorted(int(path.name) for path in folder.glob("*") if path.name.isdecimal() and path.is_dir())
    for entry in (folder / str(count) for count in counts if count >= number):
        try:
            if json.loads((entry / RECORD).read_text(encoding="utf-8"))["hash"] != _hash(entry / FEATURES):
                raise ValueError("not what was written")
            with safe_open(entry / FEATURES, framework="pt") as file:
                names = file.keys()
                features = file.get_slice("features")[:number]
                return features, file.get_slice("logits")[:number] if "logits" in names else None
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            shutil.rmtree(entry, ignore_errors=True)
    return None


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
