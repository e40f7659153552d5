"""One picture of a source made into one of a given size and number of channels."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from honmono.data.packing.bands import AnyBands
from honmono.data.packing.decode import Header, Levels, decode
from honmono.data.packing.fit import Fit, Resample, fitted
from honmono.data.packing.frames import Frames
from honmono.data.packing.opening import Unusable, bytes_of
from honmono.data.packing.pixel_art import AnyResample
from honmono.data.packing.sizes import Size, height_and_width
from honmono.data.packing.survey import usable_header
from honmono.data.sources.base import Classes, Content
from honmono.data.sources.fingerprint import digest


@dataclass(frozen=True, kw_only=True)
class Request:
    """How a source's pictures are to be converted; the fields of the same names of `Pictures`."""

    size: Size | None = None
    fit: Fit = "crop"
    channels: int | None = None
    max_size: int = 64
    limit: int | None = None
    classes: Classes = "auto"
    ground: str = "auto"
    frames: Frames = "first"
    bands: AnyBands = "usual"
    resample: AnyResample = "auto"


class Way(NamedTuple):
    """How each picture is converted. behind: the colour around those that are padded."""

    size: Size
    channels: int
    request: Request
    resample: Resample
    levels: Levels
    behind: tuple[int, ...]


class Converted(NamedTuple):
    """The result of converting one picture.

    header: where it cannot be used either, why. pixels: (channels, height, width) uint8, None where the picture cannot
        be used. why: that reason. repairs: what was mended.
    """

    header: Header | str
    pixels: bytes | None = None
    why: str = ""
    repairs: tuple[str, ...] = ()
    was_grey: bool = False  # stored without colour
    is_grey: bool = False  # without colour to the eye
    hashed: bytes = b""  # the hash of its file, where that is wanted


def convert_one(content: Content, way: Way, hashed: bool) -> Converted:
    """Converts a picture. hashed: whether the hash of its file is wanted, too."""
    if not (hashed and isinstance(content, str)):
        return _converted(content, way)
    try:
        content = bytes_of(content)
    except Unusable:  # as its conversion will say again
        pass
    return _converted(content, way, digest(content))


def _converted(content: Content, way: Way, hashed: bytes = b"") -> Converted:
    longer = max(height_and_width(way.size))
    try:
        # Other filters than the default are those of a data set or a source, which see every pixel.
        image, header, repairs = decode(content, longer if way.resample == "lanczos" else None, way.levels)
        was_grey = image.mode == "L"
        fit = fitted(image, way.size, way.request.fit, way.behind, way.resample)
    except Unusable as unusable:
        return Converted(usable_header(content), why=str(unusable), hashed=hashed)
    except Exception as error:  # whatever a decoder trips over, one picture never stops the others
        return Converted(usable_header(content), why=f"cannot be decoded: {error}", hashed=hashed)
    is_grey = was_grey
    if not was_grey:
        colours = np.asarray(fit)
        is_grey = bool((colours == colours[..., :1]).all())
        if way.channels == 1:
            fit = fit.convert("L")
            repairs = repairs if is_grey or header.format == "pixels" else (*repairs, "colour turned into grey")
    if fit.mode == "L":
        pixels = fit.tobytes() * way.channels
    else:
        pixels = np.asarray(fit).transpose(2, 0, 1).tobytes()
    return Converted(header, pixels, "", repairs, was_grey, is_grey, hashed)
