"""Pictures that their EXIF says to be turned or mirrored, held upright."""

from PIL import Image


SIDEWAYS = 5  # from this orientation on, width and height are exchanged
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8. (Pillow turns TIFFs by itself; asking a PNG without EXIF for it would decode it.)"""
    if image.format == "TIFF" or "exif" not in image.info:
        return 1
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # a damaged EXIF block is no reason to leave a good picture out
        return 1


def upright(image: Image.Image, repairs: list[str], exif: int) -> Image.Image:
    """The picture turned as an orientation says, which becomes one of its repairs."""
    turn = _TURNS.get(exif)
    if turn is None:
        return image
    repairs.append(f"turned upright: {turn.name.lower().replace('_', ' ')}")
    return image.transpose(turn)
