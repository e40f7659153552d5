"""From samples to the pictures that a feature network is given: quantized, cut or resized, grey or coloured."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from honmono.errors import Refused
from honmono.runs.images import to_uint8


# Of red, green and blue in 65,536ths: ITU-R 601-2, in which Pillow turns real colour pictures into grey ones.
LUMA = (19_595, 38_470, 7_471)


def quantized(
    samples: Float[Tensor, "batch channels height width"], range: tuple[float, float]
) -> UInt8[Tensor, "batch channels height width"]:
    """Samples as the uint8 pictures that a user is shown, on the samples' device."""
    return torch.from_numpy(to_uint8(samples, range)).to(samples.device)


@dataclass(frozen=True)
class FeaturePreprocessing:
    """How pictures of `side` pixels become pictures of `size` pixels and `channels` channels.

    longest: the longest side of the pictures that a recipe centred on black (`fit="pad"`); None where it did not. The
    black around them is cut off again, as far as the smaller size demands; what is too large still is resized.
    """

    side: int
    size: int
    channels: int
    longest: int | None = None

    @property
    def visible(self) -> int:
        """The side of the middle part that is kept."""
        if self.longest is None or self.size >= self.side:
            return self.side
        return min(max(self.longest, self.size), self.side)

    @property
    def resizing(self) -> str:
        """In words, for the protocol."""
        steps = [] if self.visible == self.side else [f"centre crop {self.side} -> {self.visible}"]
        steps += [] if self.visible == self.size else [f"antialiased bilinear {self.visible} -> {self.size}"]
        return ", ".join(steps) or "none"

    def sized(self, pictures: UInt8[Tensor, "batch channels side side"]) -> UInt8[Tensor, "batch channels size size"]:
        """The pictures at the right size, with their own channels."""
        if self.visible < self.side:
            longest = self.longest or 0
            # Where `fit="pad"` would have put the picture within `side` and within `visible` pixels.
            start = (self.side - longest) // 2 - (self.visible - longest) // 2
            kept = slice(start, start + self.visible)
            pictures = pictures[..., kept, kept]
        if self.visible == self.size:
            return pictures
        size = (self.size, self.size)
        resized = functional.interpolate(pictures.float(), size, mode="bilinear", align_corners=False, antialias=True)
        return resized.round_().clamp_(0, 255).byte()

    def __call__(self, pictures: UInt8[Tensor, "batch given side side"]) -> UInt8[Tensor, "batch channels size size"]:
        """The pictures at the right size and with the right channels. Raises `Refused` where there is no way."""
        return recoloured(self.sized(pictures), self.channels)


def recoloured(
    pictures: UInt8[Tensor, "batch given height width"], channels: int
) -> UInt8[Tensor, "batch channels height width"]:
    """Grey pictures with three equal channels, or coloured ones in grey, exactly as real ones are packed."""
    given = pictures.shape[1]
    if given == channels:
        return pictures
    if (given, channels) == (1, 3):
        return pictures.expand(-1, 3, -1, -1).contiguous()
    if (given, channels) == (3, 1):
        weights = torch.tensor(LUMA, dtype=torch.int32, device=pictures.device).view(1, 3, 1, 1)
        return ((pictures.int() * weights).sum(1, keepdim=True) + 0x8000 >> 16).byte()
    raise Refused(f"no feature network of {channels} channels can look at pictures of {given}: only of 1 or 3")
