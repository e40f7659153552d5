"""Variety: how much generated samples vary within each class, relative to the reals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence, Extracted
from honmono.metrics.by_class import by_class
from honmono.metrics.refusals import quoted, refuse_bad_fields
from honmono.metrics.spread import spread
from honmono.metrics.through_features import ComparingMetric


COLLAPSED = 0.3  # variety below which a class is nearly one picture


def variety(real: Shaped[Tensor, "reals *sample_shape"], fake: Shaped[Tensor, "fakes *sample_shape"]) -> float | None:
    """The fakes' spread divided by the reals' (`spread`, the root of the total variance), in float64.

    0 where all fakes are equal, 1 where they vary as much as reals, above 1 where they vary more, as noise does. None
    where a side has fewer than 2 samples, or where all reals are equal.
    """
    if min(len(real), len(fake)) < 2:
        return None
    own = spread(real)
    return spread(fake) / own if own > 0 else None


def variety_of_classes(
    real: Shaped[Tensor, "reals *sample_shape"],
    fake: Shaped[Tensor, "fakes *sample_shape"],
    real_labels: Int[Tensor, " reals"],
    fake_labels: Int[Tensor, " fakes"],
    classes: int,
) -> list[float | None]:
    """`variety` of each class: a class with one picture only has 0, whatever the other classes are."""
    return [variety(real[real_labels == index], fake[fake_labels == index]) for index in range(classes)]


@final
@dataclass(frozen=True, kw_only=True)
class Variety(ComparingMetric):
    """Variety (`variety`) of a network's features and of pixels: `variety[mnist]`, `variety_pixels[mnist]`.

    Of a conditional generator each class is measured (`variety[mnist].7`), and the number over all classes is the
    minimum: a mean would hide one collapsed class. Of an unconditional one, all samples are measured together.
    About 1 is right; neither higher nor lower is better.
    pictures: maximum number of pictures of each side whose pixels are compared, the same for every class; fewer where
        they are large, so that they fit into `Evidence.kept` bytes.
    """

    kind: ClassVar[str] = "variety"

    pictures: int = 2_000

    def __post_init__(self) -> None:
        refuse_bad_fields(self, fakes=2, reals=2, pictures=2)

    @property
    def pixels(self) -> str:
        """The name of the number in pixels."""
        return f"variety_pixels[{self.features}]"

    def keys(self) -> dict[str, Better]:
        return {self.name: "neither", self.pixels: "neither"}

    def min_samples(self, dimension: int) -> int:
        return 2

    def measure(self, evidence: Evidence) -> dict[str, float]:
        real, fake = self.extract_both(evidence)
        if evidence.classes and real.labels is None:
            raise Refused(f"{self.name}: the real pictures have no classes: omit this metric")
        numbers = self._numbers(self.name, evidence, real.features, real.labels, fake.features, fake.labels)
        chosen_real, chosen_fake = self._chosen(evidence, real, "real"), self._chosen(evidence, fake, "fake")
        numbers |= self._numbers(
            self.pixels,
            evidence,
            evidence.pictures("real", self.features, chosen_real),
            None if real.labels is None else real.labels[chosen_real],
            evidence.pictures("fake", self.features, chosen_fake),
            None if fake.labels is None else fake.labels[chosen_fake],
        )
        if low := self.collapsed(numbers):
            evidence.note(_collapse_note(self, low, len(fake.features), len(real.features)))
        return {key: numbers[key] for key in (*self.keys(), *numbers)}

    def collapsed(self, values: Mapping[str, float]) -> list[str]:
        """The classes that are nearly one picture by these numbers; `""` for an unconditional generator."""
        low = {
            key.partition("].")[2]: None
            for key, value in values.items()
            if key.startswith((self.name, self.pixels)) and value < COLLAPSED
        }
        return [name for name in low if name] or [*low]

    def _chosen(self, evidence: Evidence, found: Extracted, side: str) -> Int[Tensor, " chosen"]:
        """The indices of the samples whose pixels are compared: the first ones, or the first of each class."""
        one = evidence.pictures("real", self.features, torch.tensor([0]))
        number = min(self.pictures, len(found.features), max(2, evidence.kept // one.numel()))
        if side == "fake" or not evidence.classes or found.labels is None:
            return torch.arange(number)  # fakes have all classes in turn
        part = max(2, number // len(evidence.classes))
        indices = [(found.labels == label).nonzero().flatten()[:part] for label in range(len(evidence.classes))]
        return torch.cat(indices)

    def _numbers(
        self,
        key: str,
        evidence: Evidence,
        real: Tensor,
        real_labels: Tensor | None,
        fake: Tensor,
        fake_labels: Tensor | None,
    ) -> dict[str, float]:
        """The number under `key` and, for a conditional generator, that of each class."""
        if not evidence.classes:
            whole = variety(real, fake)
            if whole is None:
                raise Refused(f"{self.name}: all real pictures are equal: there is no variety to compare with")
            return {key: whole}
        assert real_labels is not None and fake_labels is not None, "the generator is conditional"
        found = variety_of_classes(real, fake, real_labels, fake_labels, len(evidence.classes))
        return by_class(evidence, key, found, min, "two different reals and two fakes")


def _collapse_note(metric: Variety, low: list[str], fakes: int, reals: int) -> str:
    """The note on collapsed classes: which, by which numbers, and what to try."""
    computed = f"{metric.name} or {metric.pixels} is below {COLLAPSED}, from {fakes:,} fakes and {reals:,} reals"
    slower = "a lower learning rate (of a GAN's discriminator: --set optimizers.discriminator.lr=...)"
    if low == [""]:
        return (
            f"the generator makes nearly one picture ({computed}): resume from an earlier checkpoint, or try {slower}"
        )
    which = f"class {quoted(low)} is" if len(low) == 1 else f"classes {quoted(low)} are each"
    return (
        f"{which} nearly one picture ({computed}): if such a class is rare, add pictures of it, or give fakes the "
        f"labels of the real batch (--set fake_labels=real); otherwise try {slower}"
    )
