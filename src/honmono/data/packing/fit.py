"""How a picture of any shape becomes a square."""

from typing import Literal

from PIL import Image


Fit = Literal["crop", "pad", "resize"]
Resample = Literal["lanczos", "bilinear", "nearest"]


def fitted(
    image: Image.Image, size: int, fit: Fit, ground: tuple[int, ...] = (0, 0, 0), resample: Resample = "lanczos"
) -> Image.Image:
    """A `size` x `size` picture.

    crop: the short side is scaled to `size`, and the middle is kept. pad: scaled down until the long side fits, never
    up, and centred on `ground`. resize: stretched. `resample` is the filter of the scaling; what need not be scaled is
    not resampled.
    """
    width, height = image.size
    if fit == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return _scaled(image.crop((left, top, left + side, top + side)), size, size, resample)
    if fit == "resize":
        return _scaled(image, size, size, resample)
    if max(width, height) > size:
        scale = size / max(width, height)
        image = _scaled(image, max(1, round(width * scale)), max(1, round(height * scale)), resample)
    square = Image.new(image.mode, (size, size), ground if image.mode == "RGB" else ground[0])
    square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return square


def _scaled(image: Image.Image, width: int, height: int, resample: Resample) -> Image.Image:
    if image.size == (width, height):
        return image
    if resample == "lanczos":
        # Pictures far too large are first averaged in whole blocks, to no less than three times the wanted size.
        return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return image.resize((width, height), Image.Resampling[resample.upper()])
