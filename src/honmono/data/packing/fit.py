"""How a picture of any shape becomes a square."""

from typing import Literal

from PIL import Image


Fit = Literal["crop", "pad", "resize"]


def fitted(image: Image.Image, size: int, fit: Fit, ground: tuple[int, ...] = (0, 0, 0)) -> Image.Image:
    """A `size` x `size` picture.

    crop: the short side is scaled to `size`, and the middle is kept. pad: scaled down until the long side fits, never
    up, and centred on `ground`. resize: stretched. Scaling is Lanczos over the whole footprint (no aliasing); what
    need not be scaled is not resampled.
    """
    width, height = image.size
    if fit == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        middle = image if width == height else image.crop((left, top, left + side, top + side))
        return _scaled(middle, size, size)
    if fit == "resize":
        return _scaled(image, size, size)
    if max(width, height) > size:
        scale = size / max(width, height)
        image = _scaled(image, max(1, round(width * scale)), max(1, round(height * scale)))
    square = Image.new(image.mode, (size, size), ground if image.mode == "RGB" else ground[0])
    square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return square


def _scaled(image: Image.Image, width: int, height: int) -> Image.Image:
    if image.size == (width, height):
        return image
    # Pictures far too large are first averaged in whole blocks, to no less than three times the wanted size.
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
