"""Differentiable augmentation of what the discriminator sees, so that a small set is not learnt by heart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from honmono.errors import Refused


SMALL = 10_000  # pictures: a fifth of CIFAR-10, below which Zhao et al. gain the most (table 3)
SMALL_CLASS = 1_000  # pictures of one class, in the same proportion: CIFAR-10 has ten classes


@dataclass(frozen=True, kw_only=True)
class DiffAugment:
    """Colour, place and parts of pictures from -1 to 1, changed at random; reals and fakes alike, gradients pass.

    The discriminator never sees a picture as it is, so it cannot know the real ones by heart; the generator, judged
    through the same changes, still has to make pictures without them. In this order, each to a picture with
    `probability` and by numbers of its own:
    colour: brightness moves by U(-0.5, 0.5), saturation is multiplied by U(0, 2), contrast by U(0.5, 1.5).
    translation: by whole pixels, up to this share of the side either way; what comes in is 0.
    cutout: a square with this share of the side, its centre anywhere, becomes 0.
    probability: "auto" is 1 where the data has fewer than 10,000 pictures, else 0.
    classes: only pictures of these classes (indices) are changed; None: all. "auto": where a conditional recipe leaves
        the probability to the data too and the data is not small, those of fewer than 1,000 pictures, which are then
        changed always.

    Source: Zhao et al., DiffAugment (2020), arXiv:2006.10738; the amounts are those of its official code.
    """

    colour: bool = True
    translation: float = 0.125
    cutout: float = 0.5
    probability: float | Literal["auto"] = 1.0
    classes: tuple[int, ...] | Literal["auto"] | None = None

    numbers: ClassVar[int] = 10  # U(0, 1), for each picture

    def __post_init__(self) -> None:
        for name in ("translation", "cutout", "probability"):
            value = getattr(self, name)
            if value != "auto" and not 0 <= value <= 1:
                raise Refused(f"objective.augment.{name} is {value}; give a number from 0 to 1")

    @property
    def active(self) -> bool:
        """Whether anything is ever changed."""
        assert self.probability != "auto", "decided once the data is open"
        return self.probability > 0

    def resolve_auto(self, length: int | None, sizes: Sequence[int]) -> "DiffAugment":
        """With "auto" decided for data of so many pictures (None: without end) and classes of these sizes, if labels
        are learned."""
        small = length is not None and length < SMALL
        rare = tuple(place for place, size in enumerate(sizes) if 0 < size < SMALL_CLASS) if not small else ()
        if self.probability != "auto":
            return replace(self, classes=None) if self.classes == "auto" else self
        if self.classes == "auto":
            return replace(self, probability=1.0 if small or rare else 0.0, classes=rare or None)
        return replace(self, probability=1.0 if small else 0.0)

    def __call__(
        self,
        picture: Float[Tensor, "batch channels height width"],
        uniform: Float[Tensor, "batch numbers"],
        label: Int[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "batch channels height width"]:
        """The pictures, changed. uniform: U(0, 1), `numbers` for each. label: needed where `classes` are named."""
        assert self.probability != "auto" and self.classes != "auto", "decided once the data is open"
        on = uniform[:, :3] < self.probability
        if self.classes is not None:
            if label is None:
                raise Refused("objective.augment.classes names classes, and samples have no labels: set it to none")
            on = on & (label[:, None] == torch.tensor(self.classes, device=label.device)).any(1, keepdim=True)
        on = on.to(picture.dtype)
        if self.colour:
            picture = _coloured(picture, uniform[:, 3:6], on[:, 0])
        if self.translation:
            picture = _moved(picture, uniform[:, 6:8], on[:, 1], self.translation)
        if self.cutout:
            picture = _cut(picture, uniform[:, 8:10], on[:, 2], self.cutout)
        return picture


def _coloured(picture: Tensor, uniform: Tensor, on: Tensor) -> Tensor:
    """Brightness is added; distances to each pixel's grey, then those to the picture's mean, grow by a share."""
    brightness, saturation, contrast = (
        (on * column).view(-1, 1, 1, 1) for column in (uniform[:, 0] - 0.5, 2 * uniform[:, 1] - 1, uniform[:, 2] - 0.5)
    )
    picture = picture + brightness
    picture = picture + saturation * (picture - picture.mean(1, keepdim=True))
    return picture + contrast * (picture - picture.mean((1, 2, 3), keepdim=True))


def _moved(picture: Tensor, uniform: Tensor, on: Tensor, share: float) -> Tensor:
    """By products with matrices of zeros and ones: exact, and quick to differentiate, which gathering is not."""
    down, right = (
        _shift(uniform[:, axis], on, share, size) for axis, size in enumerate((picture.shape[2], picture.shape[3]))
    )
    return down[:, None] @ picture @ right[:, None].mT


def _shift(uniform: Tensor, on: Tensor, share: float, size: int) -> Tensor:
    """(batch, size, size): row i is 1 where what was at i - distance stands."""
    most = round(size * share)
    distance = on * ((2 * most + 1) * uniform).floor().clamp(max=2 * most).sub(most)
    places = torch.arange(size, device=uniform.device, dtype=uniform.dtype)
    return (places[None, :, None] - distance[:, None, None] == places).to(on.dtype)


def _cut(picture: Tensor, uniform: Tensor, on: Tensor, share: float) -> Tensor:
    inside = torch.ones((), dtype=torch.bool, device=picture.device)
    for axis, size in enumerate((picture.shape[2], picture.shape[3])):
        side = round(size * share)
        first = (uniform[:, axis] * size).floor().clamp(max=size - 1) - side // 2
        places = torch.arange(size, device=uniform.device, dtype=uniform.dtype)
        along = (places >= first[:, None]) & (places < first[:, None] + side)
        inside = inside & (along[:, :, None] if axis == 0 else along[:, None, :])
    kept = 1 - inside.to(on.dtype) * on[:, None, None]
    return picture * kept[:, None]
