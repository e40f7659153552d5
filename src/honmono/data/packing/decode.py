"""Any picture, however encoded, as plain 8-bit grey or colour; what was mended on the way is told.

Nothing here touches Pillow's global switches (truncated files, decompression bombs): a program that uses this library
keeps its own.
"""

import io
import struct
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile

from honmono.data.sources.base import LARGEST_BYTES, Content, Unreadable


SMALLEST_SIDE = 4  # pixels; what is smaller shows nothing
HUGE_PIXELS = 16_000_000  # from here on pictures are decoded one at a time, and told of
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


@dataclass(frozen=True)
class Header:
    """What a picture's first bytes tell: its format, its size in pixels when held upright, whether it has no colour."""

    format: str
    width: int
    height: int
    grey: bool


def read_header(content: Content) -> Header:
    """Looks at a picture without decoding it; raises `Unusable`."""
    if isinstance(content, np.ndarray):
        return Header("pixels", content.shape[1], content.shape[0], content.ndim == 2)
    return _header(_opened(content))


def decode(content: Content, side: int) -> tuple[Image.Image, Header, tuple[str, ...]]:
    """The picture in mode L or RGB, its header, and what was mended; raises `Unusable`.

    side: the size in pixels that it will be given. Far larger JPEGs are decoded at a reduced scale, never below
        twice it.
    """
    if isinstance(content, np.ndarray):
        header = read_header(content)
        _refuse_size(header)
        return _flat(Image.fromarray(content), []), header, ()
    image = _opened(content)
    header = _header(image)
    _refuse_size(header)
    repairs: list[str] = []
    huge = header.width * header.height >= HUGE_PIXELS
    if huge:
        repairs.append(f"huge: {header.width}x{header.height} pixels scaled down")
    with _one_huge_at_a_time if huge else nullcontext():
        upright = _upright(_loaded(image, side, repairs), repairs)
        return _flat(_eight_bits(upright, repairs), repairs), header, tuple(repairs)


def _refuse_size(header: Header) -> None:
    if min(header.width, header.height) < SMALLEST_SIDE:
        raise Unusable(f"too small: {header.width}x{header.height} pixels")
    if header.width * header.height > LARGEST_PIXELS:
        raise Unusable(f"too huge: {header.width}x{header.height} pixels, more than {LARGEST_PIXELS:,}")


def _opened(content: Content) -> ImageFile.ImageFile:
    """`Image.open` for our formats only, and without its warning or error for large pictures, which we handle."""
    data = _bytes_of(content)
    if not data:
        raise Unusable("empty file")
    Image.init()
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


def _bytes_of(content: Content) -> bytes:
    if isinstance(content, Unreadable):
        raise Unusable(content.why)
    if isinstance(content, Path):
        try:
            if content.stat().st_size > LARGEST_BYTES:
                raise Unusable(f"too big: a file of {content.stat().st_size:,} bytes")
            return content.read_bytes()
        except OSError as error:
            raise Unusable(f"cannot be read: {error.strerror}") from error
    assert isinstance(content, bytes)
    return content


def _header(image: ImageFile.ImageFile) -> Header:
    turned = _orientation(image) >= 5
    width, height = reversed(image.size) if turned else image.size
    grey = image.mode in _GREY_MODES or (image.mode == "P" and _grey_palette(image))
    return Header(image.format or "", width, height, grey)


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
    if getattr(image, "is_animated", False) and image.format != "MPO":
        repairs.append("several frames: the first was taken")
    if ";16" in str([tile[3] for tile in image.tile]):
        repairs.append("16 bits a channel scaled to 8")
    if image.format in ("JPEG", "MPO"):
        image.draft(None, (2 * side, 2 * side))
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


def _eight_bits(image: Image.Image, repairs: list[str]) -> Image.Image:
    """Grey of 16 bits, whole numbers or fractions as 8 bits: scaled by 1/257 (65535 is white), not clipped."""
    if not (image.mode.startswith("I") or image.mode == "F"):
        return image
    values = np.asarray(image).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if image.mode == "F":
        if not (low >= 0 and high <= 255):  # also where there are NaNs
            raise Unusable(f"fractions from {low:g} to {high:g}, neither 0..1 nor 0..255")
        values *= 255 if high <= 1 else 1
        repairs.append("fractions scaled to 8 bits")
    else:
        if low < 0 or high > 65535:
            raise Unusable(f"whole numbers from {low:g} to {high:g}, not 0..65535")
        values /= 257
        if not any(repair.startswith("16 bits") for repair in repairs):
            repairs.append("16 bits a channel scaled to 8")
    return Image.fromarray(np.rint(values).astype(np.uint8))


def _flat(image: Image.Image, repairs: list[str]) -> Image.Image:
    """Palettes looked up, transparency laid on white, other colour spaces made RGB; what is left is L or RGB."""
    grey = image.mode in _GREY_MODES or (image.mode == "P" and _grey_palette(image))
    if image.mode in ("P", "PA"):
        repairs.append("palette looked up")
    if image.mode in _MODES_WITH_ALPHA or "transparency" in image.info:
        repairs.append("transparency laid on white")
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    elif image.mode not in ("1", "L", "RGB", "P"):
        repairs.append(f"{image.mode} turned into RGB")
    wanted = "L" if grey else "RGB"
    return image if image.mode == wanted else image.convert(wanted)
