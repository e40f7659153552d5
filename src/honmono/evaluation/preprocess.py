"""Preprocessing for feature networks: samples are quantized, cropped or resized, and converted to grey or RGB."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from honmono.data.packing.sizes import Size, height_and_width
from honmono.errors import Refused
from honmono.runs.images import to_uint8


# Weights of red, green and blue in 65,536ths, ITU-R 601-2, as Pillow converts real RGB pictures to grey ones.
LUMA = (19_595, 38_470, 7_471)
GREY = 128  # of 255, behind transparent pictures


def quantized(
    samples: Float[Tensor, "batch channels height width"], range: tuple[float, float]
) -> UInt8[Tensor, "batch channels height width"]:
    """Samples as uint8 pictures, as in files, on the samples' device."""
    return torch.from_numpy(to_uint8(samples, range)).to(samples.device)


@dataclass(frozen=True)
class FeaturePreprocessing:
    """Converts pictures of the size `side` to `size` and `channels` channels; rectangles are stretched to squares.

    longest: the longest side of the pictures that a recipe padded with black (`fit="pad"`); None without padding. The
        padding is cropped as far as necessary, and what is still too large is resized.
    transparent: whether they have a fourth channel.
    """

    side: Size
    size: Size
    channels: int
    longest: int | None = None
    transparent: bool = False

    @property
    def visible(self) -> Size:
        """The side of the centre crop."""
        if self.longest is None or isinstance(self.side, str) or isinstance(self.size, str) or self.size >= self.side:
            return self.side
        return min(max(self.longest, self.size), self.side)

    @property
    def resizing(self) -> str:
        """A description for the protocol."""
        steps = ["before grey"] if self.transparent else []
        steps += [] if self.visible == self.side else [f"centre crop {self.side} -> {self.visible}"]
        steps += [] if self.visible == self.size else [f"antialiased bilinear {self.visible} -> {self.size}"]
        return ", ".join(steps) or "none"

    def sized(self, pictures: UInt8[Tensor, "batch channels h w"]) -> UInt8[Tensor, "batch channels high wide"]:
        """The pictures at the new size, with unchanged channels."""
        visible = self.visible
        if visible != self.side:
            assert isinstance(visible, int) and isinstance(self.side, int)
            longest = self.longest or 0
            # The difference of the offsets at which `fit="pad"` puts a picture in `side` and in `visible` pixels.
            start = (self.side - longest) // 2 - (visible - longest) // 2
            kept = slice(start, start + visible)
            pictures = pictures[..., kept, kept]
        if visible == self.size:
            return pictures
        size = height_and_width(self.size)
        resized = functional.interpolate(pictures.float(), size, mode="bilinear", align_corners=False, antialias=True)
        return resized.round_().clamp_(0, 255).byte()

    def __call__(self, pictures: UInt8[Tensor, "batch given h w"]) -> UInt8[Tensor, "batch channels high wide"]:
        """The pictures at the new size, with the new channels; transparent ones on grey.

        Raises `Refused` for other channels than 1, 3 and 4.
        """
        seen = on_grey(pictures) if pictures.shape[1] == 4 else pictures
        return recoloured(self.sized(seen), self.channels)


def on_grey(pictures: UInt8[Tensor, "batch 4 height width"]) -> UInt8[Tensor, "batch 3 height width"]:
    """RGBA pictures before the middle grey, where black ones and white ones can be seen."""
    colours, alpha = pictures[:, :3].int(), pictures[:, 3:].int()
    return ((colours * alpha + GREY * (255 - alpha) + 127) // 255).byte()


def recoloured(
    pictures: UInt8[Tensor, "batch given height width"], channels: int
) -> UInt8[Tensor, "batch channels height width"]:
    """Grey pictures with three equal channels, or RGB pictures in grey, exactly as real ones are converted."""
    given = pictures.shape[1]
    if given == channels:
        return pictures
    if (given, channels) == (1, 3):
        return pictures.expand(-1, 3, -1, -1).contiguous()
    if (given, channels) == (3, 1):
        weights = torch.tensor(LUMA, dtype=torch.int32, device=pictures.device).view(1, 3, 1, 1)
        return ((pictures.int() * weights).sum(1, keepdim=True) + 0x8000 >> 16).byte()
    raise Refused(
        f"pictures of {given} channels cannot be converted to {channels}, which the feature network needs: use 1 or 3"
    )
