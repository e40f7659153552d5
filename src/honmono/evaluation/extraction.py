"""Features of pictures without end, in chunks of one size, so that no number depends on how many were asked for."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import islice

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from honmono.metrics.features.base import Extract, FeatureNetwork


# What is done and how many chunks there are, to a function that is called after each.
Progress = Callable[[str, int], AbstractContextManager[Callable[[], None]]]

CHUNK, LARGE_CHUNK = 256, 32  # pictures
LARGE = 96  # pixels; activations of larger pictures are too many for 256 at once


@contextmanager
def silent(what: str, total: int) -> Iterator[Callable[[], None]]:
    """No progress bar."""
    yield lambda: None


class Networks:
    """The feature networks of one evaluation on one device, each loaded when it is first needed.

    find: from a name to the network. progress: shows how far an extraction is.
    """

    def __init__(
        self, find: Callable[[str], FeatureNetwork], device: torch.device, progress: Progress = silent
    ) -> None:
        self._find, self.device, self._progress = find, device, progress
        self.used: dict[str, FeatureNetwork] = {}
        self._loaded: dict[str, Extract] = {}

    def network(self, name: str) -> FeatureNetwork:
        if name not in self.used:
            self.used[name] = self._find(name)
        return self.used[name]

    def extraction(self, name: str, pictures: Iterator[Tensor]) -> "Extraction":
        """What the network says of these pictures, chunks of any sizes."""
        if name not in self._loaded:
            self._loaded[name] = self.network(name).load(self.device)
        return Extraction(self._loaded[name], pictures, chunk_of(self.network(name)), self.device, self._progress)


def chunk_of(network: FeatureNetwork) -> int:
    """How many pictures the network is given at once."""
    return CHUNK if network.size is not None and network.size <= LARGE else LARGE_CHUNK


class Extraction:
    """Grows as it is asked for more. Nothing but features and logits is kept."""

    def __init__(
        self, extract: Extract, pictures: Iterator[Tensor], chunk: int, device: torch.device, progress: Progress
    ) -> None:
        self._extract, self._chunk, self._device, self._progress = extract, chunk, device, progress
        self._pictures = regrouped(pictures, chunk)
        self._features: Tensor | None = None
        self._logits: Tensor | None = None
        self._known = 0

    def first(self, number: int) -> tuple[Float[Tensor, "number dimension"], Float[Tensor, "number classes"] | None]:
        """Features and logits of the first `number` pictures, float32 on the CPU; of all where there are fewer."""
        missing = -(-(number - self._known) // self._chunk)
        if missing > 0:
            with self._progress("measuring", missing) as advance:
                self._grow(missing, advance)
        assert self._features is not None, "there are no pictures"
        end = min(number, self._known)
        return self._features[:end], None if self._logits is None else self._logits[:end]

    @torch.no_grad()
    def _grow(self, chunks: int, advance: Callable[[], None]) -> None:
        room = self._known + chunks * self._chunk
        for place, pictures in enumerate(islice(self._pictures, chunks)):
            # A full chunk always: sums may be made in another order for other sizes.
            filled = functional.pad(pictures, (0, 0, 0, 0, 0, 0, 0, self._chunk - len(pictures)))
            features, logits = self._extract(filled.to(self._device))
            if place == 0:
                self._features = _enlarged(self._features, features, room, self._known)
                self._logits = None if logits is None else _enlarged(self._logits, logits, room, self._known)
            end = self._known + len(pictures)
            for kept, rows in ((self._features, features), (self._logits, logits)):
                if kept is not None and rows is not None:
                    kept[self._known : end] = rows[: len(pictures)]
            self._known = end
            advance()


def _enlarged(old: Tensor | None, like: Tensor, room: int, known: int) -> Tensor:
    new = torch.empty(room, like.shape[1], dtype=torch.float32)
    if old is not None:
        new[:known] = old[:known]
    return new


def regrouped(chunks: Iterator[Tensor], size: int) -> Iterator[Tensor]:
    """The same rows in chunks of `size`; the last may be smaller."""
    waiting: list[Tensor] = []
    count = 0
    for chunk in chunks:
        while count + len(chunk) >= size:
            cut = size - count
            yield torch.cat([*waiting, chunk[:cut]])
            waiting, count, chunk = [], 0, chunk[cut:]
        if len(chunk):
            waiting.append(chunk)
            count += len(chunk)
    if waiting:
        yield torch.cat(waiting)
