"""One picture of a source made into one of a given size and number of channels."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, cast, final

import numpy as np

from honmono.data.packing.bands import AnyBands
from honmono.data.packing.decode import Header, Levels, decode
from honmono.data.packing.fit import Fit, Resample, fitted
from honmono.data.packing.frames import Frames
from honmono.data.packing.opening import Unusable, bytes_of
from honmono.data.packing.pixel_art import AnyResample
from honmono.data.packing.rows import RowsAt
from honmono.data.packing.sizes import Size, height_and_width
from honmono.data.packing.survey import usable_header
from honmono.data.sources.base import Classes, Content
from honmono.data.sources.fingerprint import digest
from honmono.data.worker import Task


_BLANK = 8  # of 255: between the lightest and the darkest value of a picture in which nothing is to be seen


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

    header: where it cannot be used either, why. why: that reason, None where the picture is usable. repairs: what was
        mended. lightest: its largest value. blank: whether it is of nearly one colour.
    """

    header: Header | str
    why: str | None = None
    repairs: tuple[str, ...] = ()
    was_grey: bool = False  # stored without colour
    is_grey: bool = False  # without colour to the eye
    lightest: int = 0
    blank: bool = False
    hashed: bytes = b""  # the hash of its file, where that is wanted


@final
@dataclass(frozen=True)
class Convert(Task[tuple[Converted, bytes], Converted]):
    """Converts pictures.

    hashed: whether the hashes of their files are wanted, too. rows: where pixels, (channels, height, width) uint8, are
    written, each picture's in the place that it has among all; None for nowhere.
    """

    way: Way
    hashed: bool
    rows: RowsAt | None

    def read(self, content: Content) -> Content:
        """The bytes of files, where they can be read; where they cannot, their conversion says why."""
        with suppress(Unusable):
            return bytes_of(content) if isinstance(content, str) else content
        return content

    def one(self, content: Content) -> tuple[Converted, bytes]:
        """The result, and the pixels, none where the picture cannot be used."""
        return _converted(content, self.way, digest(content) if self.hashed else b"")

    def together(self, first: int, found: list[tuple[Converted, bytes]]) -> list[Converted]:
        """Writes the pixels."""
        if self.rows is not None:
            self.rows.write(first, [pixels for _, pixels in found])
        return [one for one, _ in found]


def _converted(content: Content, way: Way, hashed: bytes = b"") -> tuple[Converted, bytes]:
    longer = max(height_and_width(way.size))
    try:
        # Other filters than the default are those of a data set or a source, which see every pixel.
        image, header, repairs = decode(content, longer if way.resample == "lanczos" else None, way.levels)
        was_grey = image.mode == "L"
        fit = fitted(image, way.size, way.request.fit, way.behind, way.resample)
    except Unusable as unusable:
        return Converted(usable_header(content), str(unusable), hashed=hashed), b""
    except Exception as error:  # whatever a decoder trips over, one picture never stops the others
        return Converted(usable_header(content), f"cannot be decoded: {error}", hashed=hashed), b""
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
    extrema = fit.getextrema()  # of L alone the pair itself
    ranges = cast(Sequence[tuple[int, int]], (extrema,) if fit.mode == "L" else extrema)
    lightest = max(high for _, high in ranges[:3])
    blank = all(high - low <= _BLANK for low, high in ranges)
    return Converted(header, None, repairs, was_grey, is_grey, lightest, blank, hashed), pixels
