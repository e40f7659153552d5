"""The real pictures that fakes are compared with, preprocessed for each feature network, and their cached features.

They are the pictures of the recipe's source without the recipe's own cropping, limit and mirroring, so that all recipes
on one source share one reference.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
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
from honmono.data.packing.sizes import height_and_width, size_of
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


FORMAT_VERSION = 1  # of cache entries: increase it whenever the same key would give other features
FEATURES, RECORD = "features.safetensors", "record.json"
BLOCK = 1_024  # pictures read at a time


@dataclass(frozen=True)
class RealPictures:
    """Real pictures, preprocessed for one feature network.

    content: hash of pixels and labels.
    total: number of pictures.
    classes: the names of the labels.
    take: returns the uint8 pictures at some indices.
    """

    source: str
    split: str | None
    content: str
    total: int
    labels: np.ndarray | None
    classes: tuple[str, ...]
    take: Callable[[np.ndarray], Tensor]


class Reference:
    """The reals of one evaluation. A subset of them has the first ones in a fixed random order.

    source: of real pictures; None: the recipe's own.
    """

    def __init__(self, recipe: Recipe, sample_shape: tuple[int, ...], source: str | None, networks: Networks) -> None:
        self._recipe, self._shape, self._source, self._networks = recipe, sample_shape, source, networks
        self._reals: dict[str, Reals] = {}

    def reals(self, network: str) -> "Reals":
        """The reals for one feature network."""
        if network not in self._reals:
            stored = self._open(self._networks.network(network))
            self._reals[network] = Reals(stored, network, self._networks)
        return self._reals[network]

    def preprocessing(self, network: str) -> FeaturePreprocessing:
        """How the recipe's fakes are preprocessed for the network."""
        needed = self._networks.network(network)
        side = size_of(*self._shape[1:])
        smaller = needed.size is not None and isinstance(side, int) and needed.size < side
        longest = self._longest_padded() if smaller else None
        return FeaturePreprocessing(side, needed.size or side, needed.channels, longest, self._shape[0] == 4)

    @cached_property
    def _longest(self) -> int:
        """The longest side of the pictures of the recipe's own source."""
        data = self._recipe.data
        own = data if isinstance(data, Pictures) else Pictures(source=getattr(data, "source", None))
        return own.open().record["holds"]["longest"]

    def _longest_padded(self) -> int | None:
        data = self._recipe.data
        pads = data.fit == "pad" if isinstance(data, Pictures) else isinstance(data, StackedMNIST)
        return self._longest if pads else None

    @property
    def used(self) -> dict[str, "Reals"]:
        """By feature network, the reals that a metric has used."""
        return {name: reals for name, reals in self._reals.items() if reals.used}

    def _open(self, network: FeatureNetwork) -> RealPictures:
        data = self._recipe.data
        if self._source is None and not isinstance(data, Pictures):
            return self._from_data(network)
        source = self._source or getattr(data, "source", None)
        if source is None:
            raise Refused("the recipe has no source of real pictures: give one with --reference SOURCE")
        try:
            split = open_source(source).split
        except Refused as refusal:
            advice = "" if self._source else "; give their new place with --reference SOURCE"
            raise Refused(f"{refusal}{advice}") from refusal
        # Of other pictures than grey or coloured squares, samples are made first, and then preprocessed as fakes are.
        channels, high, wide = self._shape
        converted = high == wide and channels != 4
        packed = self._as_trained(self._wanted(source, network if converted else None)).open()
        if converted and packed.record.get("resample") == "nearest" and packed.sample_shape[1:] != self._shape[1:]:
            converted, packed = False, self._as_trained(self._wanted(source, None)).open()
        preprocess = None if converted else self.preprocessing(network.name)
        pixels = np.load(packed.path / PICTURES, mmap_mode="r")
        labels = np.load(packed.path / LABELS) if (packed.path / LABELS).exists() else None

        def take(indices: np.ndarray) -> Tensor:
            stored = torch.from_numpy(pixels[indices])
            return preprocess(stored) if preprocess else stored

        return RealPictures(source, split, packed.fingerprint, len(pixels), labels, packed.classes, take)

    def _wanted(self, source: str, network: FeatureNetwork | None) -> Pictures:
        """All pictures of a source, converted as the recipe's own are; another source has classes of its own kind.

        network: for which they are converted; None: as samples.
        """
        data = self._recipe.data
        channels, *sides = self._shape
        size = size_of(*sides)
        if network is not None:
            size, channels = network.size or sides[-1], network.channels
        channels = None if channels == 4 else 1 if channels == 1 else 3
        if not isinstance(data, Pictures):
            fit: Fit = getattr(data, "fit", "crop")
            return Pictures(source=source, size=size, channels=channels, fit=fit)
        classes: Classes = data.classes if self._source is None else "auto"
        return replace(
            data, source=source, size=size, channels=channels, classes=classes, limit=None, expects=None, flip=False
        )

    def _as_trained(self, wanted: Pictures) -> Pictures:
        """The recipe's own data if it has the same pixels, since they are packed already; else `wanted`."""
        data = self._recipe.data
        if not isinstance(data, Pictures) or data.limit is not None:
            return wanted
        same = (data.source, data.fit) == (wanted.source, wanted.fit)
        shape = (wanted.channels or self._shape[0], *height_and_width(wanted.size or 0))
        return data if same and self._shape == shape else wanted

    def _from_data(self, network: FeatureNetwork) -> RealPictures:
        """For data that is computed from pictures (stacked digits): its samples, preprocessed as fakes are."""
        data = self._recipe.data
        dataset = data.open()
        if dataset.length is None or len(dataset.sample_shape) != 3:
            raise Refused("feature networks need pictures: measure points with --metrics modes")
        preprocess = self.preprocessing(network.name)
        value_range = getattr(data, "range", (-1.0, 1.0))

        def take(indices: np.ndarray) -> Tensor:
            return preprocess(quantized(dataset.gather(indices, stream(0, "reference")).real, value_range))

        name = str(getattr(data, "source", None) or type(data).__name__)
        return RealPictures(name, None, dataset.fingerprint, dataset.length, None, (), take)


class Reals:
    """The real pictures for one feature network, and its output. used: the largest number that a metric has used."""

    def __init__(self, stored: RealPictures, name: str, networks: Networks) -> None:
        self.stored, self._name, self._networks = stored, name, networks
        self.used = 0
        self._features: tuple[Tensor, Tensor | None] | None = None

    @cached_property
    def _order(self) -> np.ndarray:
        return stream(0, "reference").permutation(self.stored.total)

    def pictures(self, indices: Int[Tensor, " number"]) -> UInt8[Tensor, "number channels height width"]:
        """The pictures at these indices of the random order; reads no others."""
        return self.stored.take(self._order[indices.numpy()])

    def extracted(self, number: int) -> Extracted:
        """The network's output for the first `number` reals, or for all where there are fewer."""
        number = min(number, self.stored.total)
        self.used = max(self.used, number)
        if self._features is None or len(self._features[0]) < number:
            self._features = self._cached_or_computed(number)
        features, logits = self._features
        labels = None if self.stored.labels is None else torch.from_numpy(self.stored.labels[self._order[:number]])
        return Extracted(features[:number], None if logits is None else logits[:number], labels)

    def _rows(self, number: int) -> Iterator[Tensor]:
        chosen = self._order[:number]
        for start in range(0, len(chosen), BLOCK):
            yield self.stored.take(chosen[start : start + BLOCK])

    def _cached_or_computed(self, number: int) -> tuple[Tensor, Tensor | None]:
        entry = cache_dir() / "references" / self._key() / str(number)
        with ExitStack() as lock:
            cached = read_cached(entry.parent, number)
            if cached is None:
                with suppress(OSError):  # without a writable cache it only takes longer
                    lock.enter_context(turn_at(entry))
                cached = read_cached(entry.parent, number)
            if cached is None:
                cached = self._networks.extraction(self._name, self._rows(number)).first(number)
                with suppress(OSError):
                    write_cached(entry, *cached)
        return cached

    def _key(self) -> str:
        """A hash of all that the features depend on, the kind of device too, since it affects rounding."""
        network = self._networks.network(self._name)
        parts = (self.stored.content, self._name, network.checksum(), chunk_of(network), self._networks.device.type)
        return hashlib.blake2b(json.dumps([*parts, FORMAT_VERSION]).encode(), digest_size=16).hexdigest()


def write_cached(entry: Path, features: Tensor, logits: Tensor | None) -> None:
    """Writes features to the cache, atomically."""
    tensors = {"features": features.contiguous()} | ({} if logits is None else {"logits": logits.contiguous()})
    with atomic_directory(entry) as folder:
        save_file(tensors, folder / FEATURES)
        record = {"count": len(features), "hash": _hash(folder / FEATURES)}
        (folder / RECORD).write_text(json.dumps(record), encoding="utf-8")


def read_cached(folder: Path, number: int) -> tuple[Tensor, Tensor | None] | None:
    """The first `number` of the cached features; None where there are fewer. Deletes damaged entries."""
    counts = sorted(int(path.name) for path in folder.glob("*") if path.name.isdecimal() and path.is_dir())
    for entry in (folder / str(count) for count in counts if count >= number):
        try:
            if json.loads((entry / RECORD).read_text(encoding="utf-8"))["hash"] != _hash(entry / FEATURES):
                raise ValueError("damaged")
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
