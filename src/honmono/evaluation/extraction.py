"""Extracting features in chunks of one size, so that they do not depend on the number of pictures."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import islice

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from honmono.metrics.features.base import Extract, FeatureNetwork


# (description, number of chunks) -> context manager of a function to call after each chunk.
Progress = Callable[[str, int], AbstractContextManager[Callable[[], None]]]

CHUNK, LARGE_CHUNK = 256, 32  # pictures
LARGE = 96  # pixels; the activations of 256 larger pictures need too much memory


@contextmanager
def silent(what: str, total: int) -> Iterator[Callable[[], None]]:
    """No progress bar."""
    yield lambda: None


class Networks:
    """The feature networks of one evaluation on one device, each loaded when it is first needed.

    find: returns the network of a name.
    progress: shows the progress of an extraction.
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
        """The network's output for these pictures, given in chunks of any sizes."""
        if name not in self._loaded:
            self._loaded[name] = self.network(name).load(self.device)
        return Extraction(self._loaded[name], pictures, chunk_of(self.network(name)), self.device, self._progress)


def chunk_of(network: FeatureNetwork) -> int:
    """The network's batch size."""
    return CHUNK if network.size is not None and network.size <= LARGE else LARGE_CHUNK


class Extraction:
    """Features and logits of an iterator of pictures, extracted as far as they are needed. No pictures are kept."""

    def __init__(
        self, extract: Extract, pictures: Iterator[Tensor], chunk: int, device: torch.device, progress: Progress
    ) -> None:
        self._extract, self._chunk, self._device, self._progress = extract, chunk, device, progress
        self._pictures = regrouped(pictures, chunk)
        self._features: Tensor | None = None
        self._logits: Tensor | None = None
        self._done = 0

    def first(self, number: int) -> tuple[Float[Tensor, "number dimension"], Float[Tensor, "number classes"] | None]:
        """Features and logits of the first `number` pictures, float32 on the CPU; of all where there are fewer."""
        missing = -(-(number - self._done) // self._chunk)
        if missing > 0:
            with self._progress("measuring", missing) as advance:
                self._grow(missing, advance)
        assert self._features is not None, "there are no pictures"
        end = min(number, self._done)
        return self._features[:end], None if self._logits is None else self._logits[:end]

    @torch.no_grad()
    def _grow(self, chunks: int, advance: Callable[[], None]) -> None:
        room = self._done + chunks * self._chunk
        for number, pictures in enumerate(islice(self._pictures, chunks)):
            # Always a full chunk: another size may change the order of summation.
            filled = functional.pad(pictures, (0, 0, 0, 0, 0, 0, 0, self._chunk - len(pictures)))
            features, logits = self._extract(filled.to(self._device))
            if number == 0:
                self._features = _with_room(self._features, features, room, self._done)
                self._logits = None if logits is None else _with_room(self._logits, logits, room, self._done)
            end = self._done + len(pictures)
            for kept, rows in ((self._features, features), (self._logits, logits)):
                if kept is not None and rows is not None:
                    kept[self._done : end] = rows[: len(pictures)]
            self._done = end
            advance()


def _with_room(old: Tensor | None, like: Tensor, room: int, done: int) -> Tensor:
    new = torch.empty(room, like.shape[1], dtype=torch.float32)
    if old is not None:
        new[:done] = old[:done]
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
