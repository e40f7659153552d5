"""Differentiable augmentation, which keeps the discriminator from memorising a small data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from honmono.errors import Refused
from honmono.objectives.rare_classes import among, is_small, rare_classes, refuse_unknown


SMALL_CLASS_IMAGES = 50_000  # `Adaptive.images` for such classes: chosen on 150 horses among CIFAR-10's other classes


# Names in the memory and the statistics of an objective whose augmentation adapts.
PROBABILITY, SIGN = "augment_probability", "real_sign"
CLASS_SIGN, CLASS_SHARE = "augmented_sign", "augmented_share"
SIGNS, SAMPLES, UPDATES = "augment_signs", "augment_samples", "augment_updates"
EQUAL = 1e-6  # a difference of means that rounding alone can make
LEAST = 32  # samples of the augmented classes, below which their mean sign says too little


@final
@dataclass(frozen=True, kw_only=True)
class Adaptive:
    """A probability p that starts at 0 and increases while the discriminator overfits.

    After every `every` updates of the discriminator, p moves up where r > target and down where r < target, by the
    fraction of `images` that these updates had. r = E sign(D(real)) over their real samples, as the discriminator gets
    them: 0 where it recognises half of them, 1 where it recognises all.

    target: of r.
    images: real samples after which p can have gone from 0 to 1, where it stays.
    of_classes: where only some classes are augmented, whether only their samples count, for r and for `images`; p then
        moves once there are at least 32 of them.

    Source: Karras et al., StyleGAN2-ADA (2020, arXiv:2006.06676), section 3.1, equation 1; where an objective depends
    on D(real) - D(fake) only, that difference is in place of D(real), as in R3GAN's official code.
    """

    target: float = 0.6
    images: int = 500_000
    every: int = 4
    of_classes: bool = False

    def __post_init__(self) -> None:
        if not -1 < self.target < 1 or self.images < 1 or self.every < 1:
            raise Refused(
                f"objective.augment.probability: {self}: give target between -1 and 1, images and every of at least 1"
            )

    def memory(self) -> dict[str, float]:
        """What is kept between updates: p, and sums over the updates since it last moved."""
        return {PROBABILITY: 0.0, SIGNS: 0.0, SAMPLES: 0.0, UPDATES: 0.0}

    def remember(
        self, memory: Mapping[str, Tensor], statistics: Mapping[str, Tensor], images: int
    ) -> dict[str, Tensor]:
        """The memory after an update with so many real samples; statistics: of `DiffAugment.followed`."""
        probability, updates = memory[PROBABILITY], memory[UPDATES] + 1
        counts = CLASS_SIGN in statistics
        sign, share = (statistics[CLASS_SIGN], statistics[CLASS_SHARE]) if counts else (statistics[SIGN], 1.0)
        signs, samples = memory[SIGNS] + sign * images, memory[SAMPLES] + share * images
        excess = signs / samples.clamp(min=1) - self.target
        # Where both are equal p stays, whatever the rounding of sums over several processes.
        direction = torch.where(excess.abs() > EQUAL, excess.sign(), 0.0)
        moved = (probability + direction * samples / self.images).clamp(0, 1)
        moves = (updates >= self.every) & (samples >= (LEAST if counts else 0))
        after = {SIGNS: signs, SAMPLES: samples, UPDATES: updates}
        kept = {name: torch.where(moves, torch.zeros_like(value), value) for name, value in after.items()}
        return {PROBABILITY: torch.where(moves, moved, probability), **kept}


@dataclass(frozen=True, kw_only=True)
class DiffAugment:
    """Random changes of colour, position and parts of pictures in [-1, 1], through which gradients flow.

    Real and fake pictures are changed by the same distribution before the discriminator sees them. It cannot memorise
    the real ones, and the generator still learns unchanged pictures. The changes, in this order, are each applied to a
    picture with `probability`, by its own random numbers:

    colour: brightness changes by U(-0.5, 0.5), saturation is multiplied by U(0, 2), contrast by U(0.5, 1.5).
    translation: the largest shift, as a fraction of the side; pixels that are shifted in are 0.
    cutout: the side of a square that is set to 0, as a fraction of the picture's; its centre is uniform.
    probability: of each change; `Adaptive`: as much as the discriminator overfits; "auto": `Adaptive()` where the data
        has fewer than 10,000 pictures, else 0.
    classes: indices of the classes whose pictures are changed; None: all. "auto": all, but where `probability` is
        "auto" too, the recipe is conditional and the data is not small, the classes of fewer than 1,000 pictures, with
        `Adaptive(images=50_000, of_classes=True)`.

    Source: Zhao et al., DiffAugment (2020), arXiv:2006.10738; the amounts are those of its official code.
    """

    colour: bool = True
    translation: float = 0.125
    cutout: float = 0.5
    probability: float | Literal["auto"] | Adaptive = 1.0
    classes: tuple[int, ...] | Literal["auto"] | None = None

    numbers: ClassVar[int] = 10  # random numbers, U(0, 1), for each picture

    def __post_init__(self) -> None:
        for name in ("translation", "cutout", "probability"):
            value = getattr(self, name)
            if value != "auto" and not isinstance(value, Adaptive) and not 0 <= value <= 1:
                raise Refused(f"objective.augment.{name} is {value}: give a number from 0 to 1")

    @property
    def active(self) -> bool:
        """Whether any picture is ever changed."""
        assert self.probability != "auto", "resolve_auto is called first"
        return self.adaptive is not None or self.probability != 0.0

    @property
    def adaptive(self) -> Adaptive | None:
        """How the probability adapts; None where it is constant."""
        return self.probability if isinstance(self.probability, Adaptive) else None

    def resolve_auto(self, length: int | None, sizes: Sequence[int]) -> "DiffAugment":
        """The same with "auto" replaced.

        length: the number of pictures; None where the data is infinite.
        sizes: the number of pictures in each class; () where the recipe uses no labels.
        """
        rare = rare_classes(length, sizes)
        classes = None if self.classes == "auto" else self.classes
        refuse_unknown("objective.augment.classes", classes or (), sizes)
        if self.probability != "auto":
            return replace(self, classes=classes)
        if is_small(length):
            return replace(self, probability=Adaptive(), classes=classes)
        if rare and self.classes == "auto":
            return replace(self, probability=Adaptive(images=SMALL_CLASS_IMAGES, of_classes=True), classes=rare)
        return replace(self, probability=0.0, classes=classes)

    def followed(self, margin: Float[Tensor, " batch"], label: Int[Tensor, " batch"] | None) -> dict[str, Tensor]:
        """What an adaptive probability follows: the mean of sign(margin), and, where only samples of `classes` count,
        the mean with 0 for the others, and the fraction of samples that count.

        margin: above 0 where the discriminator takes a real sample for real.
        """
        found = {SIGN: margin.sign().mean()}
        if self._counts_classes:
            assert label is not None, "augmentation of classes needs labels"
            counted = self._of_classes(label).to(margin.dtype)
            found |= {CLASS_SIGN: (margin.sign() * counted).mean(), CLASS_SHARE: counted.mean()}
        return found

    @property
    def _counts_classes(self) -> bool:
        return self.adaptive is not None and self.adaptive.of_classes and self.classes is not None

    def _of_classes(self, label: Int[Tensor, " batch"]) -> Tensor:
        """Whether each label is one of `classes`."""
        assert isinstance(self.classes, tuple)
        return among(label, self.classes)

    def __call__(
        self,
        picture: Float[Tensor, "batch channels height width"],
        uniform: Float[Tensor, "batch numbers"],
        label: Int[Tensor, " batch"] | None = None,
        probability: Float[Tensor, ""] | None = None,
    ) -> Float[Tensor, "batch channels height width"]:
        """The changed pictures.

        uniform: U(0, 1), `numbers` for each picture.
        label: needed where `classes` is set.
        probability: the current one, needed where it is adaptive.
        """
        assert self.probability != "auto" and self.classes != "auto", "resolve_auto is called first"
        current = self.probability if probability is None else probability
        assert not isinstance(current, Adaptive), "an adaptive probability is in the objective's memory"
        on = uniform[:, :3] < current
        if self.classes is not None:
            if label is None:
                raise Refused(
                    "objective.augment.classes is set, and the samples have no labels: use --set"
                    " objective.augment.classes=none"
                )
            on = on & self._of_classes(label)[:, None]
        on = on.to(picture.dtype)
        if self.colour:
            picture = _coloured(picture, uniform[:, 3:6], on[:, 0])
        if self.translation:
            picture = _translated(picture, uniform[:, 6:8], on[:, 1], self.translation)
        if self.cutout:
            picture = _cut(picture, uniform[:, 8:10], on[:, 2], self.cutout)
        return picture


def _coloured(picture: Tensor, uniform: Tensor, on: Tensor) -> Tensor:
    """Brightness is added; then differences from each pixel's grey, and from the picture's mean, are scaled.

    A fourth channel, which is transparency, stays as it is.
    """
    if picture.shape[1] == 4:
        return torch.cat([_coloured(picture[:, :3], uniform, on), picture[:, 3:]], dim=1)
    brightness, saturation, contrast = (
        (on * column).view(-1, 1, 1, 1) for column in (uniform[:, 0] - 0.5, 2 * uniform[:, 1] - 1, uniform[:, 2] - 0.5)
    )
    picture = picture + brightness
    picture = picture + saturation * (picture - picture.mean(1, keepdim=True))
    return picture + contrast * (picture - picture.mean((1, 2, 3), keepdim=True))


def _translated(picture: Tensor, uniform: Tensor, on: Tensor, fraction: float) -> Tensor:
    """By multiplication with matrices of zeros and ones: exact, and faster to differentiate than indexing."""
    down, right = (
        _shift(uniform[:, axis], on, fraction, size) for axis, size in enumerate((picture.shape[2], picture.shape[3]))
    )
    return down[:, None] @ picture @ right[:, None].mT


def _shift(uniform: Tensor, on: Tensor, fraction: float, size: int) -> Tensor:
    """(batch, size, size) matrices that shift an axis: row i has its 1 at column i - distance."""
    most = round(size * fraction)
    distance = on * ((2 * most + 1) * uniform).floor().clamp(max=2 * most).sub(most)
    places = torch.arange(size, device=uniform.device, dtype=uniform.dtype)
    return (places[None, :, None] - distance[:, None, None] == places).to(on.dtype)


def _cut(picture: Tensor, uniform: Tensor, on: Tensor, fraction: float) -> Tensor:
    inside = torch.ones((), dtype=torch.bool, device=picture.device)
    for axis, size in enumerate((picture.shape[2], picture.shape[3])):
        side = round(size * fraction)
        first = (uniform[:, axis] * size).floor().clamp(max=size - 1) - side // 2
        places = torch.arange(size, device=uniform.device, dtype=uniform.dtype)
        along = (places >= first[:, None]) & (places < first[:, None] + side)
        inside = inside & (along[:, :, None] if axis == 0 else along[:, None, :])
    kept = 1 - inside.to(on.dtype) * on[:, None, None]
    return picture * kept[:, None]
