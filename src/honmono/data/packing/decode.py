"""Any picture, however encoded, as plain 8-bit grey or colour; every repair is reported.

Nothing here touches Pillow's global switches (truncated files, decompression bombs): a program that uses this library
keeps its own.
"""

import io
import os
import struct
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops, ImageFile

from honmono.data.packing.png_chunks import without_metadata
from honmono.data.sources.base import LARGEST_BYTES, Content, Frame, Unreadable
from honmono.data.worker import NotHere, in_worker


SMALLEST_SIDE = 4  # pixels; what is smaller shows nothing
SEVERAL_FRAMES = "several frames"  # begins what is said of an animation or a stack
HUGE_PIXELS = 16_000_000  # from here on pictures are decoded one at a time, and reported
LARGEST_PIXELS = 500_000_000  # 2 GB once decoded

# Those that Pillow decodes by itself: EPS, for one, would run Ghostscript on a stranger's file.
_FORMATS = tuple("JPEG PNG WEBP GIF BMP DIB TIFF AVIF JPEG2000 PPM QOI ICO TGA".split())
_ROW_BY_ROW = frozenset(("JPEG", "MPO", "PNG", "BMP", "PPM", "QOI", "TGA"))
_MODES_WITH_ALPHA = frozenset(("LA", "PA", "RGBA"))
_GREY_MODES = frozenset(("1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"))
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_one_huge_at_a_time = threading.Lock()


class Unusable(Exception):
    """Why a picture is left out, in a few words."""


class Header(NamedTuple):
    """What a picture's first bytes tell: its format, its size in pixels when held upright, whether it has no colour."""

    format: str
    width: int
    height: int
    grey: bool
    transparent: bool = False
    deep: bool = False  # more than 8 bits a channel, as Pillow decodes it


@dataclass(frozen=True)
class Levels:
    """How the values of all pictures of a set are read.

    ground: the background colour of transparent pixels. white: the value of white in pictures of 16 bits.
    fractions: those that are black and white; None: 0 and 1, or 0 and 255, as a picture by itself suggests.
    """

    ground: tuple[int, ...] = (255, 255, 255)
    white: int = 65535
    fractions: tuple[float, float] | None = None


def read_header(content: Content) -> Header:
    """Looks at a picture without decoding it; raises `Unusable`."""
    if isinstance(content, np.ndarray):
        alpha = content.ndim == 3 and content.shape[2] == 4
        return Header("pixels", content.shape[1], content.shape[0], content.ndim == 2, alpha)
    return _header(_opened(content))


def raw(content: Content) -> Image.Image:
    """A picture as it is stored; raises whatever a decoder does."""
    if isinstance(content, np.ndarray):
        return Image.fromarray(content)
    image = _opened(content)
    _refuse_size(_header(image))
    image.load()
    return image


def number_of_frames(content: Content) -> int:
    """How many pictures a file holds: more than one in animations and stacks."""
    try:
        image = _opened(content)
        return 1 if image.format == "MPO" else max(1, getattr(image, "n_frames", 1))
    except Exception:  # its conversion reports the error
        return 1


def decode(content: Content, side: int, levels: Levels = Levels()) -> tuple[Image.Image, Header, tuple[str, ...]]:
    """The picture in mode L or RGB, its header, and what was mended; raises `Unusable`.

    side: the size in pixels that it will be given. Far larger JPEGs are decoded at a reduced scale, never below
        twice it.
    """
    if isinstance(content, np.ndarray):
        header = read_header(content)
        _refuse_size(header)
        return _flat(Image.fromarray(content), [], levels.ground), header, ()
    image = _opened(content)
    header = _header(image)
    _refuse_size(header)
    repairs: list[str] = []
    if getattr(image, "is_animated", False) and image.format != "MPO" and not isinstance(content, Frame):
        repairs.append(f"{SEVERAL_FRAMES}: the first was taken")
    huge = header.width * header.height >= HUGE_PIXELS
    if huge and in_worker():
        raise NotHere  # this process knows of no other that decodes one
    if huge:
        repairs.append(f"huge: {header.width}x{header.height} pixels scaled down")
    with _one_huge_at_a_time if huge else nullcontext():
        upright = _upright(_loaded(image, side, repairs), repairs)
        if image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info:
            # Pillow takes all of them for inverted, as Adobe's programs write and mark theirs.
            upright = ImageChops.invert(upright)
        return _flat(_eight_bits(upright, repairs, levels), repairs, levels.ground), header, tuple(repairs)


def _refuse_size(header: Header) -> None:
    if min(header.width, header.height) < SMALLEST_SIDE:
        raise Unusable(f"too small: {header.width}x{header.height} pixels")
    if header.width * header.height > LARGEST_PIXELS:
        raise Unusable(f"too huge: {header.width}x{header.height} pixels, more than {LARGEST_PIXELS:,}")


def _opened(content: Content) -> ImageFile.ImageFile:
    """`Image.open` for our formats only, and without its warning or error for large pictures, which we handle."""
    if isinstance(content, Frame):
        image = _opened(content.file)
        image.seek(content.number)
        return image
    data = bytes_of(content)
    if not data:
        raise Unusable("empty file")
    Image.init()
    try:
        return _identified(data)
    except Unusable:
        bare = without_metadata(data)
        if bare is None or len(bare) == len(data):
            raise
        return _identified(bare)


def _identified(data: bytes) -> ImageFile.ImageFile:
    why = "not a picture"
    for name in _FORMATS:
        factory, accepts = Image.OPEN.get(name, (None, None))
        try:
            if factory is not None and (accepts is None or accepts(data[:16]) is True):
                why = f"damaged {name}" if accepts is not None else why
                return factory(io.BytesIO(data), "")
        except (SyntaxError, IndexError, TypeError, struct.error):
            continue
        except Exception as error:
            raise Unusable(f"damaged {name}: {error}") from error
    raise Unusable(why)


def bytes_of(content: Content) -> bytes:
    """The file of a picture; raises `Unusable` where it cannot be read."""
    if isinstance(content, Unreadable):
        raise Unusable(content.why)
    if isinstance(content, str):
        try:
            with open(content, "rb", buffering=0) as file:
                if (size := os.fstat(file.fileno()).st_size) > LARGEST_BYTES:
                    raise Unusable(f"too big: a file of {size:,} bytes")
                return file.read()
        except OSError as error:
            raise Unusable(f"cannot be read: {error.strerror}") from error
    assert isinstance(content, bytes)
    return content


def _header(image: ImageFile.ImageFile) -> Header:
    turned = _orientation(image) >= 5
    width, height = reversed(image.size) if turned else image.size
    grey = image.mode in _GREY_MODES or (image.mode == "P" and _grey_palette(image))
    deep = image.mode.startswith("I") or image.mode == "F"
    return Header(image.format or "", width, height, grey, _transparent(image), deep)


def _transparent(image: Image.Image) -> bool:
    return image.mode in _MODES_WITH_ALPHA or "transparency" in image.info


def _grey_palette(image: Image.Image) -> bool:
    palette = np.array(image.getpalette("RGB") or [], dtype=np.uint8).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())


def _orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8. (Pillow turns TIFFs by itself; asking a PNG without EXIF for it would decode it.)"""
    if image.format == "TIFF" or "exif" not in image.info:
        return 1
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # a damaged EXIF block is no reason to leave a good picture out
        return 1


def _loaded(image: ImageFile.ImageFile, side: int, repairs: list[str]) -> Image.Image:
    """The decoded picture, or the whole rows of a truncated one if they are at least half of it."""
    if image.format in ("JPEG", "MPO"):
        if min(image.size) >= 4 * side:
            image.draft(None, (2 * side, 2 * side))
    elif ";16" in str([tile[3] for tile in image.tile]):
        repairs.append("16 bits a channel scaled to 8")
    try:
        image.load()
        return image
    except Exception as error:
        rows = _whole_rows(image)
        if len(rows) * 2 < image.height:
            share = f": only {len(rows) / image.height:.0%} of it decodes" if len(rows) else ""
            raise Unusable(f"truncated or damaged{share} ({error})") from error
    repairs.append(f"truncated: the {len(rows) / image.height:.0%} that decode were kept")
    return image.crop((0, rows.start, image.width, rows.stop))


def _whole_rows(image: ImageFile.ImageFile) -> range:
    """The rows that were decoded before loading failed: Pillow leaves the others zero."""
    if image.format not in _ROW_BY_ROW or image.info.get("interlace"):
        return range(0)
    image.tile = []  # so that Pillow takes what there is for the whole
    try:
        filled = np.asarray(image).reshape(image.height, -1).any(axis=1)
        filled = np.flatnonzero(filled)
    except Exception:
        return range(0)
    if not filled.size:
        return range(0)
    from_below = filled[-1] == image.height - 1  # BMP and TGA are stored bottom row first
    return range(int(filled[0]), image.height) if from_below else range(int(filled[-1]) + 1)


def _upright(image: Image.Image, repairs: list[str]) -> Image.Image:
    turn = _UPRIGHT.get(_orientation(image))
    if turn is None:
        return image
    repairs.append(f"turned upright: {turn.name.lower().replace('_', ' ')}")
    return image.transpose(turn)


def _eight_bits(image: Image.Image, repairs: list[str], levels: Levels) -> Image.Image:
    """Grey of 16 bits, whole numbers or fractions as 8 bits: scaled (65535 is white, by 1/257), not clipped."""
    if not (image.mode.startswith("I") or image.mode == "F"):
        return image
    values = np.asarray(image).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if image.mode == "F":
        black, white = levels.fractions or (0.0, 1.0 if high <= 1 else 255.0)
        if not (low >= black and high <= white):  # also where there are NaNs
            raise Unusable(f"fractions from {low:g} to {high:g}, neither 0..1 nor 0..255")
        values = (values - black) * (255 / ((white - black) or 1))
        repairs.append("fractions scaled to 8 bits")
    else:
        if low < 0 or high > 65535:
            raise Unusable(f"whole numbers from {low:g} to {high:g}, not 0..65535")
        values *= 255 / levels.white
        if not any(repair.startswith("16 bits") for repair in repairs):
            repairs.append("16 bits a channel scaled to 8")
    return Image.fromarray(np.rint(values).astype(np.uint8))


def _flat(image: Image.Image, repairs: list[str], ground: tuple[int, ...]) -> Image.Image:
    """The picture as L or RGB: without a palette, transparent pixels on the background colour, colours converted."""
    grey = image.mode in _GREY_MODES or (image.mode == "P" and _grey_palette(image))
    if image.mode in ("P", "PA"):
        repairs.append("palette looked up")
    if _transparent(image):
        repairs.append(f"transparency on a background of {_named(ground)}")
        grey = grey and len({*ground}) == 1
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, ground), image)
    elif image.mode not in ("1", "L", "RGB", "P"):
        repairs.append(f"{image.mode} converted to RGB")
    wanted = "L" if grey else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _named(ground: tuple[int, ...]) -> str:
    return "white" if ground == (255, 255, 255) else "black" if ground == (0, 0, 0) else f"#{bytes(ground).hex()}"
