"""How a picture of any shape becomes one of a given size."""

from typing import Literal

from PIL import Image

from honmono.data.packing.sizes import Size, height_and_width


Fit = Literal["crop", "pad", "resize"]
Resample = Literal["lanczos", "bilinear", "nearest"]


def fitted(
    image: Image.Image, size: Size, fit: Fit, ground: tuple[int, ...] = (0, 0, 0), resample: Resample = "lanczos"
) -> Image.Image:
    """The picture at that size.

    crop: the middle, as much of it as has the proportions of `size`, is scaled. pad: scaled down until both sides fit,
    never up, and centred on `ground`. resize: stretched. `resample` is the filter of the scaling; what need not be
    scaled is not resampled.
    """
    (width, height), (high, wide) = image.size, height_and_width(size)
    if (width, height) == (wide, high):
        return image
    if fit == "crop":
        across, down = middle(width, height, size)
        left, top = (width - across) // 2, (height - down) // 2
        whole = (across, down) == image.size
        return _scaled(image if whole else image.crop((left, top, left + across, top + down)), wide, high, resample)
    if fit == "resize":
        return _scaled(image, wide, high, resample)
    if width > wide or height > high:
        scale = min(wide / width, high / height)
        image = _scaled(image, max(1, round(width * scale)), max(1, round(height * scale)), resample)
    whole = Image.new(image.mode, (wide, high), ground[0] if image.mode == "L" else ground)
    whole.paste(image, ((wide - image.width) // 2, (high - image.height) // 2))
    return whole


def middle(width: int, height: int, size: Size) -> tuple[int, int]:
    """Width and height of the largest part of a picture that has the proportions of `size`."""
    high, wide = height_and_width(size)
    return min(width, max(1, round(height * wide / high))), min(height, max(1, round(width * high / wide)))


def _scaled(image: Image.Image, width: int, height: int, resample: Resample) -> Image.Image:
    if image.size == (width, height):
        return image
    if resample == "lanczos":
        # Pictures far too large are first averaged in whole blocks, to no less than three times the wanted size.
        return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return image.resize((width, height), Image.Resampling[resample.upper()])
