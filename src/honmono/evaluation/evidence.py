"""The evidence against a generator: its fakes, drawn in chunks and looked at one by one, and the reals beside them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import final

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.evaluation.checks import SampleChecks
from honmono.evaluation.extraction import Extraction, Networks
from honmono.evaluation.preprocess import quantized
from honmono.evaluation.reference import Reals, Reference
from honmono.generation.sampling import fakes, take
from honmono.metrics.base import Evidence, Extracted, Side
from honmono.randomness import reseed, seed_of
from honmono.recipe.value import Recipe


@dataclass(frozen=True)
class Subject:
    """Whose samples are judged. classes: those that the generator is asked for, () where it takes none."""

    generator: nn.Module
    recipe: Recipe
    classes: tuple[str, ...]
    sample_shape: tuple[int, ...]
    truncation: float | None = None

    @property
    def range(self) -> tuple[float, float] | None:
        """What stands for black and white; None for points."""
        return getattr(self.recipe.data, "range", (-1.0, 1.0)) if len(self.sample_shape) == 3 else None

    def fakes(self, seed: int) -> Iterator[Tensor]:
        """Its samples without end, chunk by chunk."""
        classes = len(self.classes)
        return fakes(self.generator, self.recipe, classes, seed=seed, truncation=self.truncation)


@final
class GeneratorEvidence(Evidence):
    """The samples of one generator under one seed. Sample i is asked for class i modulo their number.

    Enter `preserve_rng_state` around it: networks that draw noise are reseeded before each chunk.
    """

    def __init__(self, subject: Subject, seed: int, reference: Reference, networks: Networks) -> None:
        self.data, self.classes, self.seed = subject.recipe.data, subject.classes, seed
        self._subject, self._range = subject, subject.range
        self._reference, self._networks, self.device = reference, networks, networks.device
        self._checks: list[SampleChecks] = []
        self._extractions: dict[tuple[str, str], Extraction] = {}
        self._first: dict[str, list[Tensor]] = {}
        self._points: Tensor | None = None
        self._notes: list[str] = []

    def note(self, text: str) -> None:
        """Has a sentence said beside the numbers, once however often it is given: what they hide."""
        self._notes.append(text)

    def notes(self) -> list[str]:
        """What is to be said of the fakes drawn so far, and what metrics said of their numbers."""
        watched = max(self._checks, key=lambda checks: checks.seen).notes() if self._checks else []
        return [*watched, *self._notes]

    def points(self, number: int) -> Float[Tensor, "number dimensions"]:
        """Fakes of a generator of points, float64 on the CPU."""
        if self._range is not None:
            raise Refused("modes are counted among points, and this recipe makes pictures: measure fid, kid or prdc")
        if self._points is None or len(self._points) < number:
            self._points = take(self._samples(lambda points: points.cpu().double()), number)
        return self._points[:number]

    def extracted(self, side: Side, network: str, number: int) -> Extracted:
        """What the feature network of that name says of `number` samples; of all reals where there are fewer."""
        self._refuse_points(network)
        if side == "real":
            return self._named(self._reference.reals(network), number)
        key = ("whole", network)
        if key not in self._extractions:
            self._extractions[key] = self._networks.extraction(network, self._keeping(network))
        features, logits = self._extractions[key].first(number)
        labels = torch.arange(number) % len(self.classes) if self.classes else None
        return Extracted(features, logits, labels)

    def pictures(
        self, side: Side, network: str, places: Int[Tensor, " number"]
    ) -> UInt8[Tensor, "number channels height width"]:
        """The pictures behind `extracted` at these places, as the network is given them.

        For few of them, or for the first fakes, after they were extracted.
        """
        self._refuse_points(network)
        if side == "real":
            return self._reference.reals(network).pictures(places)
        first = self._first.get(network, ())
        if int(places.max()) < sum(map(len, first)):
            return torch.cat([*first])[places]
        return _at(self._pictures(network), places)

    def channels(self, network: str, number: int) -> Float[Tensor, "number channels classes"]:
        """Logits of a one-channel network for each channel of `number` fakes taken as a picture of its own."""
        self._refuse_points(network)
        if self._networks.network(network).channels != 1:
            raise Refused(f"the {network} features look at colour pictures, not at one channel: take mnist or digits")
        channels, key = self._subject.sample_shape[0], ("channels", network)
        if key not in self._extractions:
            sized = self._reference.conforming(network).sized
            apart = self._samples(lambda pictures: sized(pictures).flatten(0, 1).unsqueeze(1))
            self._extractions[key] = self._networks.extraction(network, apart)
        _, logits = self._extractions[key].first(number * channels)
        if logits is None:
            raise Refused(f"the {network} features tell no classes apart: take mnist or digits")
        return logits.view(number, channels, -1)

    def _named(self, reals: Reals, number: int) -> Extracted:
        """Real samples, their labels being places among the classes that the generator is asked for."""
        found, names = reals.extracted(number), reals.stored.classes
        if found.labels is None or not self.classes:
            return found._replace(labels=None)
        places = [self.classes.index(name) if name in self.classes else -1 for name in names]
        return found._replace(labels=torch.tensor(places)[found.labels])

    def _pictures(self, network: str) -> Iterator[Tensor]:
        return self._samples(self._reference.conforming(network))

    def _keeping(self, network: str) -> Iterator[Tensor]:
        """The fakes as the network is given them; the first are kept."""
        first, room = self._first.setdefault(network, []), self.kept
        for pictures in self._pictures(network):
            if room > 0:
                first.append(pictures.cpu())
                room -= pictures.numel()
            yield pictures

    def _samples(self, measured: Callable[[Tensor], Tensor]) -> Iterator[Tensor]:
        """The fakes chunk by chunk, each looked at; pictures are quantized before they are `measured`."""
        checks = SampleChecks(self._range)
        self._checks.append(checks)
        chunks = self._subject.fakes(self.seed)
        for number in count():
            reseed(seed_of(self.seed, "evaluate", number), self._networks.device)
            samples = next(chunks)
            rows = samples if self._range is None else quantized(samples, self._range)
            checks.look(samples, rows.cpu().numpy())
            yield measured(rows)

    def _refuse_points(self, network: str) -> None:
        if self._range is None:
            raise Refused(f"the {network} features look at pictures, and this recipe makes points: measure modes")


def _at(chunks: Iterator[Tensor], places: Tensor) -> Tensor:
    """Some of many rows, on the CPU; the others are let go."""
    found: dict[int, Tensor] = {}
    wanted, start = places.tolist(), 0
    while start <= max(wanted):
        chunk = next(chunks)
        found |= {place: chunk[place - start].cpu() for place in wanted if start <= place < start + len(chunk)}
        start += len(chunk)
    return torch.stack([found[place] for place in wanted])
