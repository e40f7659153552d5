"""Variety: how far a generator's samples differ among themselves, within each class, against the reals' own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from honmono.errors import Refused
from honmono.metrics.base import Better, Evidence, Extracted
from honmono.metrics.by_class import by_class
from honmono.metrics.refusals import refuse_fields_below, refuse_unknown_features, some_of
from honmono.metrics.spread import spread
from honmono.metrics.through_features import ComparingMetric


COLLAPSED = 0.3  # times the reals' spread: a class below it is nearly one picture


def variety(real: Shaped[Tensor, "reals *sample_shape"], fake: Shaped[Tensor, "fakes *sample_shape"]) -> float | None:
    """The fakes' spread divided by the reals' (`spread`, the root of the total variance), in float64.

    0 where all fakes are one, 1 where they vary as reals do, above 1 where they vary more, as noise does. None where a
    side has fewer than 2 samples, or where all reals are one: there is nothing to compare with.
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
    """`variety` of each class by itself: a class that is drawn as one picture has 0, however the others are drawn."""
    return [variety(real[real_labels == place], fake[fake_labels == place]) for place in range(classes)]


@final
@dataclass(frozen=True, kw_only=True)
class Variety(ComparingMetric):
    """Variety (`variety`) in the features of a network and in pixels: `variety[mnist]`, `variety_pixels[mnist]`.

    Of a generator that is asked for classes each class is measured by itself (`variety[mnist].7`), and the first
    numbers are the least of the classes': a mean would hide it. Of another one they are the whole generator's.
    About 1 is right; neither more nor less is better.
    pictures: so many, at most, of each side are compared by pixels, each class having an equal part; fewer of large
    ones, `Evidence.kept` bytes together.
    """

    kind: ClassVar[str] = "variety"

    pictures: int = 2_000

    def __post_init__(self) -> None:
        refuse_fields_below(self, fakes=2, reals=2, pictures=2)
        refuse_unknown_features(self, self.features)

    @property
    def pixels(self) -> str:
        """The name of the number in pixels."""
        return f"variety_pixels[{self.features}]"

    def keys(self) -> dict[str, Better]:
        return {self.name: "neither", self.pixels: "neither"}

    def least(self, dimension: int) -> int:
        return 2

    def measure(self, evidence: Evidence) -> dict[str, float]:
        real, fake = self.sides(evidence)
        if evidence.classes and real.labels is None:
            raise Refused(f"{self.name}: the real pictures have no classes to compare each class with: leave it out")
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
            evidence.note(_explained(self, low, len(fake.features), len(real.features)))
        return {key: numbers[key] for key in (*self.keys(), *numbers)}

    def collapsed(self, values: Mapping[str, float]) -> list[str]:
        """The classes of which these numbers say that they are nearly one picture; `""` where no class is named."""
        low = {
            key.partition("].")[2]: None
            for key, value in values.items()
            if key.startswith((self.name, self.pixels)) and value < COLLAPSED
        }
        return [name for name in low if name] or [*low]

    def _chosen(self, evidence: Evidence, found: Extracted, side: str) -> Int[Tensor, " chosen"]:
        """The places of the samples whose pixels are compared: the first, or the first of each class."""
        one = evidence.pictures("real", self.features, torch.tensor([0]))
        number = min(self.pictures, len(found.features), max(2, evidence.kept // one.numel()))
        if side == "fake" or not evidence.classes or found.labels is None:
            return torch.arange(number)  # the classes of fakes take turns
        part = max(2, number // len(evidence.classes))
        places = [(found.labels == place).nonzero().flatten()[:part] for place in range(len(evidence.classes))]
        return torch.cat(places)

    def _numbers(
        self,
        key: str,
        evidence: Evidence,
        real: Tensor,
        real_labels: Tensor | None,
        fake: Tensor,
        fake_labels: Tensor | None,
    ) -> dict[str, float]:
        """The number under `key` and, of a generator that is asked for classes, that of each class behind it."""
        if not evidence.classes:
            whole = variety(real, fake)
            if whole is None:
                raise Refused(
                    f"{self.name}: all real pictures are one and the same: there is no variety to compare with"
                )
            return {key: whole}
        assert real_labels is not None and fake_labels is not None, "the generator is asked for classes"
        found = variety_of_classes(real, fake, real_labels, fake_labels, len(evidence.classes))
        return by_class(evidence, key, found, min, "two different reals and two fakes")


def _explained(metric: Variety, low: list[str], fakes: int, reals: int) -> str:
    """That classes are nearly one picture, what says so, and what to try."""
    computed = f"{metric.name} or {metric.pixels} is below {COLLAPSED}, from {fakes:,} fakes and {reals:,} reals"
    slower = "a lower learning rate of the discriminator (--set optimizers.discriminator.lr=...)"
    if low == [""]:
        return (
            f"the generator draws nearly one picture ({computed}): train on from an earlier checkpoint, or try {slower}"
        )
    which = f"class {some_of(low)} is" if len(low) == 1 else f"classes {some_of(low)} are each"
    return (
        f"{which} drawn as nearly one picture ({computed}): where such a class is rare, give more pictures of it or "
        f"fakes as the data has them (--set fake_labels=real), otherwise try {slower}"
    )
