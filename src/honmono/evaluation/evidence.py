"""The samples of one evaluation: fakes, generated and checked in chunks, and the reference's reals."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import final

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from honmono.errors import Failed, Refused
from honmono.evaluation.checks import SampleChecks
from honmono.evaluation.extraction import Extraction, Networks
from honmono.evaluation.reference import Reals, Reference
from honmono.generation.model import Model, take
from honmono.metrics.base import Evidence, Extracted, Side
from honmono.metrics.refusals import all_finite
from honmono.randomness import reseed
from honmono.runs.images import to_uint8


@final
class GeneratorEvidence(Evidence):
    """The samples of one generator under one seed. Sample i has the label i modulo the number of classes.

    Use it inside `preserve_rng_state`, since it reseeds torch before each chunk, for generators that draw noise.
    """

    def __init__(self, model: Model, seed: int, reference: Reference, networks: Networks) -> None:
        self.data, self.classes, self.seed = model.recipe.data, model.classes, seed
        self._model, self._range = model, model.range
        self._reference, self._networks, self.device = reference, networks, networks.device
        self._checks: list[SampleChecks] = []
        self._extractions: dict[tuple[str, str], Extraction] = {}
        self._first: dict[str, list[Tensor]] = {}
        self._points: Tensor | None = None
        self._notes: list[str] = []

    def note(self, text: str) -> None:
        """Adds a note that is printed with the numbers, once however often it is given."""
        self._notes.append(text)

    def notes(self) -> list[str]:
        """The notes of the sample checks and of the metrics."""
        checked = max(self._checks, key=lambda checks: checks.seen).notes() if self._checks else []
        return [*checked, *self._notes]

    def points(self, number: int) -> Float[Tensor, "number dimensions"]:
        """Fakes of a generator of points, float64 on the CPU."""
        if self._range is not None:
            raise Refused("modes is a metric of points, and this recipe generates pictures: use fid, kid or prdc")
        if self._points is None or len(self._points) < number:
            self._points = take(self._samples(lambda points: points.cpu().double()), number)
        return self._points[:number]

    def extracted(self, side: Side, network: str, number: int) -> Extracted:
        """The output of the feature network for `number` samples; for all reals where there are fewer.

        Raises `Failed` where features of fakes contain NaN or infinity.
        """
        self._refuse_points(network)
        if side == "real":
            return self._with_labels(self._reference.reals(network), number)
        key = ("whole", network)
        if key not in self._extractions:
            self._extractions[key] = self._networks.extraction(network, self._keep_first(network))
        features, logits = self._extractions[key].first(number)
        if not all_finite(features):
            raise Failed(f"the features[{network}] of the fakes contain NaN or infinity: check the samples")
        labels = torch.arange(number) % len(self.classes) if self.classes else None
        return Extracted(features, logits, labels)

    def pictures(
        self, side: Side, network: str, indices: Int[Tensor, " number"]
    ) -> UInt8[Tensor, "number channels height width"]:
        """The pictures at these indices of `extracted`, preprocessed for the network.

        For a few fakes, or for the first ones once they were extracted: later ones are generated again.
        """
        self._refuse_points(network)
        if side == "real":
            return self._reference.reals(network).pictures(indices)
        first = self._first.get(network, ())
        if int(indices.max()) < sum(map(len, first)):
            return torch.cat([*first])[indices]
        return _select(self._pictures(network), indices)

    def channels(self, network: str, number: int) -> Float[Tensor, "number channels classes"]:
        """Logits of a one-channel network for each channel of `number` fakes."""
        self._refuse_points(network)
        if self._networks.network(network).channels != 1:
            raise Refused(f"the {network} features need colour pictures, not single channels: use mnist or digits")
        channels, key = self._model.data_spec.sample_shape[0], ("channels", network)
        if key not in self._extractions:
            sized = self._reference.preprocessing(network).sized
            single = self._samples(lambda pictures: sized(pictures).flatten(0, 1).unsqueeze(1))
            self._extractions[key] = self._networks.extraction(network, single)
        _, logits = self._extractions[key].first(number * channels)
        if logits is None:
            raise Refused(f"the {network} features have no class logits: use mnist or digits")
        return logits.view(number, channels, -1)

    def _with_labels(self, reals: Reals, number: int) -> Extracted:
        """Reals with their labels as indices into the generator's classes."""
        found, names = reals.extracted(number), reals.stored.classes
        if found.labels is None or not self.classes:
            return found._replace(labels=None)
        indices = [self.classes.index(name) if name in self.classes else -1 for name in names]
        return found._replace(labels=torch.tensor(indices)[found.labels])

    def _pictures(self, network: str) -> Iterator[Tensor]:
        return self._samples(self._reference.preprocessing(network))

    def _keep_first(self, network: str) -> Iterator[Tensor]:
        """The fakes, preprocessed for the network; keeps the first ones."""
        first, room = self._first.setdefault(network, []), self.kept
        for pictures in self._pictures(network):
            if room > 0:
                first.append(pictures.cpu())
                room -= pictures.numel()
            yield pictures

    def _samples(self, transform: Callable[[Tensor], Tensor]) -> Iterator[Tensor]:
        """Checks and transforms the fakes, chunk by chunk; pictures are quantized first."""
        checks = SampleChecks(self._range)
        self._checks.append(checks)
        chunks = self._model.fakes(seed=self.seed)
        for number in count():
            reseed(self._networks.device, self.seed, "evaluate", number)
            samples = next(chunks)
            rows = samples.cpu().numpy() if self._range is None else to_uint8(samples, self._range)
            checks.update(samples, rows)
            yield transform(torch.from_numpy(rows).to(samples.device))

    def _refuse_points(self, network: str) -> None:
        if self._range is None:
            raise Refused(f"the {network} features need pictures, and this recipe generates points: use modes")


def _select(chunks: Iterator[Tensor], indices: Tensor) -> Tensor:
    """The rows at these indices, on the CPU; the others are not kept."""
    found: dict[int, Tensor] = {}
    wanted, start = indices.tolist(), 0
    while start <= max(wanted):
        chunk = next(chunks)
        found |= {index: chunk[index - start].cpu() for index in wanted if start <= index < start + len(chunk)}
        start += len(chunk)
    return torch.stack([found[index] for index in wanted])
