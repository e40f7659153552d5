"""Any picture, however encoded, as plain 8-bit grey or colour; every repair is reported.

Nothing here touches Pillow's global switches (truncated files, decompression bombs): a program that uses this library
keeps its own.
"""

import threading
from contextlib import nullcontext
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops, ImageFile

from honmono.data.packing import deep
from honmono.data.packing.bands import NO_ALPHA
from honmono.data.packing.opening import Unusable, opened
from honmono.data.packing.plain_jpeg import plain_header, plain_pixels
from honmono.data.packing.sizes import SMALLEST
from honmono.data.packing.upright import SIDEWAYS, orientation, upright
from honmono.data.sources.base import Content, Frame
from honmono.data.worker import NotHere, in_worker


SEVERAL_FRAMES = "several frames"  # begins what is said of an animation or a stack
HUGE_PIXELS = 16_000_000  # from here on pictures are decoded one at a time, and reported
LARGEST_PIXELS = 500_000_000  # 2 GB once decoded

_ROW_BY_ROW = frozenset(("JPEG", "MPO", "PNG", "BMP", "PPM", "QOI", "TGA"))
_MODES_WITH_ALPHA = frozenset(("LA", "PA", "RGBA"))
_GREY_MODES = frozenset(("1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"))
_one_huge_at_a_time = threading.Lock()


class Header(NamedTuple):
    """What a picture's first bytes tell: its format, its size in pixels when held upright, whether it has no colour."""

    format: str
    width: int
    height: int
    grey: bool
    transparent: bool = False
    deep: bool = False  # more than 8 bits a channel


@dataclass(frozen=True)
class Levels:
    """How the values of all pictures of a set are read.

    ground: the background colour of transparent pixels; None: transparency is kept. white: the value of white in
        pictures of 16 bits.
    fractions: those that are black and white; None: 0 and 1, or 0 and 255, as a picture by itself suggests.
    alpha: whether the fourth band of TIFFs is transparency, as they say.
    """

    ground: tuple[int, ...] | None = (255, 255, 255)
    white: int = deep.WHITE
    fractions: tuple[float, float] | None = None
    alpha: bool = True


def read_header(content: Content) -> Header:
    """Looks at a picture without decoding it; raises `Unusable`."""
    if isinstance(content, np.ndarray):
        alpha = content.ndim == 3 and content.shape[2] == 4
        return Header("pixels", content.shape[1], content.shape[0], content.ndim == 2, alpha)
    return _header(opened(content))


def raw(content: Content) -> Image.Image:
    """A picture as it is stored; raises whatever a decoder does."""
    if isinstance(content, np.ndarray):
        return Image.fromarray(content)
    image = opened(content)
    _refuse_size(_header(image))
    image.load()
    return image


def numbers(content: Content) -> np.ndarray:
    """The numbers of a picture of more than 8 bits; raises whatever a decoder does."""
    image = opened(content)
    _refuse_size(_header(image))
    in_colour = deep.coloured(image)
    image.load()
    return deep.values(lambda: opened(content), image) if in_colour else np.asarray(image)


def number_of_frames(content: Content) -> int:
    """How many pictures a file holds: more than one in animations and stacks."""
    try:
        image = opened(content)
        return 1 if image.format == "MPO" else max(1, getattr(image, "n_frames", 1))
    except Exception:  # its conversion reports the error
        return 1


def decode(
    content: Content, side: int | None, levels: Levels = Levels()
) -> tuple[Image.Image, Header, tuple[str, ...]]:
    """The picture in mode L or RGB (or RGBA), its header, and what was mended; raises `Unusable`.

    side: the longer one of the size that it will be given, in pixels. Far larger JPEGs are decoded at a reduced scale,
        never below twice it; with None at their own.
    """
    if isinstance(content, np.ndarray):
        header = read_header(content)
        _refuse_size(header)
        return _flat(Image.fromarray(content), [], levels.ground), header, ()
    if isinstance(content, bytes) and levels.ground is not None and (found := _plain_jpeg(content, side)):
        return *found, ()
    image = opened(content)
    header = _header(image)
    _refuse_size(header)
    if header.transparent and header.format == "TIFF" and not levels.alpha:
        raise Unusable(NO_ALPHA)
    repairs: list[str] = []
    if _plain(image, header) and levels.ground is not None:
        return _loaded(image, side, repairs), header, tuple(repairs)
    if getattr(image, "is_animated", False) and image.format != "MPO" and not isinstance(content, Frame):
        repairs.append(f"{SEVERAL_FRAMES}: the first was taken")
    huge = header.width * header.height >= HUGE_PIXELS
    if huge and in_worker():
        raise NotHere  # this process knows of no other that decodes one
    if huge:
        repairs.append(f"huge: {header.width}x{header.height} pixels scaled down")
    with _one_huge_at_a_time if huge else nullcontext():
        in_colour = deep.coloured(image) and levels.white < deep.WHITE
        stored = _loaded(image, side, repairs)
        if in_colour:
            stored = _scaled(deep.values(lambda: opened(content), stored), levels)
        if image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info:
            # Pillow takes all of them for inverted, as Adobe's programs write and mark theirs.
            stored = ImageChops.invert(stored)
        turned = upright(_eight_bits(stored, repairs, levels), repairs, orientation(image))
        return _flat(turned, repairs, levels.ground), header, tuple(repairs)


def _plain_jpeg(data: bytes, side: int | None) -> tuple[Image.Image, Header] | None:
    """A plain JPEG of a size that is decoded at its own scale; None for any other picture."""
    if (found := plain_header(data)) is None:
        return None
    mode, (width, height) = found
    if min(width, height) < SMALLEST or width * height >= HUGE_PIXELS or _reduced((width, height), side):
        return None
    image = plain_pixels(data, mode, (width, height))
    return None if image is None else (image, Header("JPEG", width, height, mode == "L"))


def _reduced(size: tuple[int, int], side: int | None) -> bool:
    """Whether a JPEG is so much larger than wanted that it is decoded at a reduced scale."""
    return side is not None and min(size) >= 4 * side


def _plain(image: Image.Image, header: Header) -> bool:
    """Whether a picture is as most are, of which nothing is left to do once it is decoded."""
    usual = image.format == "JPEG" and image.mode in ("L", "RGB") and "exif" not in image.info
    return usual and header.width * header.height < HUGE_PIXELS


def _refuse_size(header: Header) -> None:
    if min(header.width, header.height) < SMALLEST:
        raise Unusable(f"too small: {header.width}x{header.height} pixels, at least {SMALLEST} a side are needed")
    if header.width * header.height > LARGEST_PIXELS:
        raise Unusable(f"too huge: {header.width}x{header.height} pixels, more than {LARGEST_PIXELS:,}")


def _header(image: ImageFile.ImageFile) -> Header:
    turned = orientation(image) >= SIDEWAYS
    width, height = reversed(image.size) if turned else image.size
    grey = image.mode in _GREY_MODES or (image.mode == "P" and _grey_palette(image))
    return Header(image.format or "", width, height, grey, _transparent(image), deep.is_deep(image))


def _transparent(image: Image.Image) -> bool:
    return image.mode in _MODES_WITH_ALPHA or "transparency" in image.info


def _grey_palette(image: Image.Image) -> bool:
    palette = np.array(image.getpalette("RGB") or [], dtype=np.uint8).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())


def _loaded(image: ImageFile.ImageFile, side: int | None, repairs: list[str]) -> Image.Image:
    """The decoded picture, or the whole rows of a truncated one if they are at least half of it."""
    if image.format in ("JPEG", "MPO"):
        if side is not None and _reduced(image.size, side):
            image.draft(None, (2 * side, 2 * side))
    elif ";16" in str([tile[3] for tile in image.tile]):
        repairs.append(deep.SCALED)
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


def _eight_bits(image: Image.Image, repairs: list[str], levels: Levels) -> Image.Image:
    """Grey of 16 bits, whole numbers or fractions as 8 bits."""
    if not (image.mode.startswith("I") or image.mode == "F"):
        return image
    repairs += ["fractions scaled to 8 bits"] if image.mode == "F" else [deep.SCALED][: deep.SCALED not in repairs]
    return _scaled(np.asarray(image), levels)


def _scaled(stored: np.ndarray, levels: Levels) -> Image.Image:
    try:
        return Image.fromarray(deep.eight_bits(stored, levels.white, levels.fractions))
    except deep.OutOfRange as error:
        raise Unusable(str(error)) from error


def _flat(image: Image.Image, repairs: list[str], ground: tuple[int, ...] | None) -> Image.Image:
    """The picture as L or RGB: without a palette, transparent pixels on the background colour, colours converted.

    As RGBA without a background colour.
    """
    grey = image.mode in _GREY_MODES or (image.mode == "P" and _grey_palette(image))
    if image.mode in ("P", "PA"):
        repairs.append("palette looked up")
    if ground is None:
        return _with_alpha(image)
    if _transparent(image):
        repairs.append(f"transparency on a background of {_named(ground)}")
        grey = grey and len({*ground}) == 1
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, ground), image)
    elif image.mode not in ("1", "L", "RGB", "P"):
        repairs.append(f"{image.mode} converted to RGB")
    wanted = "L" if grey else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _with_alpha(image: Image.Image) -> Image.Image:
    """The picture as RGBA; where nothing is visible, files hold any colour, and here there is black."""
    pixels = np.array(image.convert("RGBA"))
    pixels[pixels[..., 3] == 0] = 0
    return Image.fromarray(pixels)


def _named(ground: tuple[int, ...]) -> str:
    return "white" if ground == (255, 255, 255) else "black" if ground == (0, 0, 0) else f"#{bytes(ground).hex()}"
