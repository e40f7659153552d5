"""A picture's file opened by the decoder of its format, among those of Pillow that need no other program."""

import io
import os
import struct

from PIL import Image, ImageFile

from honmono.data.packing.bands import Bands
from honmono.data.packing.png_chunks import without_metadata
from honmono.data.sources.base import LARGEST_BYTES, Content, Frame, Unreadable


_PIECE = 1 << 20  # bytes
# Those that Pillow decodes by itself: EPS, for one, would run Ghostscript on a stranger's file.
_FORMATS = tuple("JPEG PNG WEBP GIF BMP DIB TIFF AVIF JPEG2000 PPM QOI ICO TGA".split())


class Unusable(Exception):
    """Why a picture is left out, in a few words."""


def opened(content: Content) -> ImageFile.ImageFile:
    """`Image.open` for our formats only, and without its warning or error for large pictures, which we handle."""
    if isinstance(content, Frame):
        image = opened(content.file)
        image.seek(content.number)
        return image
    data = bytes_of(content)
    if not data:
        raise Unusable("empty file")
    Image.init()
    try:
        return _identified(_usual(data))
    except Unusable:
        bare = without_metadata(data)
        if bare is None or len(bare) == len(data):
            raise
        return _identified(bare)


def _usual(data: bytes) -> bytes:
    """The bytes; of TIFFs that Pillow would misread others that it reads, or `Unusable`."""
    bands = Bands.of(data)
    if bands is None or not bands.misread:
        return data
    if (colours := bands.first_three() if bands.colours else None) is None:
        raise Unusable(bands.unsupported)
    return colours


def _identified(data: bytes) -> ImageFile.ImageFile:
    why = "not a picture"
    for name in _FORMATS:
        factory, accepts = Image.OPEN.get(name, (None, None))
        try:
            if factory is not None and (accepts is None or accepts(data[:16]) is True):
                why = f"damaged {name}" if accepts is not None else why
                return factory(io.BytesIO(data), "")
        except (SyntaxError, IndexError, TypeError, struct.error) as error:
            if name == "TIFF" and (bands := Bands.of(data)) and (bands.separate or "unknown" in str(error)):
                why = bands.unsupported
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
            return _read(content)
        except OSError as error:
            raise Unusable(f"cannot be read: {error.strerror}") from error
    assert isinstance(content, bytes)
    return content


def _read(path: str) -> bytes:
    """The bytes of a file, by as few calls of the system as there can be: with small pictures these take long."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        if (size := os.fstat(file).st_size) > LARGEST_BYTES:
            raise Unusable(f"too big: a file of {size:,} bytes")
        data = os.read(file, size + 1)
        while len(data) != size and (more := os.read(file, _PIECE)):  # interrupted, or changed meanwhile
            data += more
        return data
    finally:
        os.close(file)
