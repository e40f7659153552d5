"""TIFFs whose bands are no grey and no colours: what they hold, and the first three of them as a picture."""

import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
from PIL import TiffImagePlugin

from honmono.data.sources.base import LARGEST_BYTES, Content, Listing, OtherReading


FIRST = "; --set data.bands=first takes the first three"
NO_ALPHA = f"unsupported: 4 bands, of which the last is called transparency and is none{FIRST}"
AnyBands = Literal["usual", "first"]
_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR = 256, 257, 258, 259, 262, 277, 284
_PREDICTOR, _TILE_WIDTH, _EXTRA, _FORMAT = 317, 322, 338, 339
_PIECES = {273: 279, 324: 325}  # where strips or tiles begin: how long they are
_KEPT = (_WIDTH, _HEIGHT, 266, 278, _TILE_WIDTH, 323)
_RGB, _SEPARATE, _DIFFERENCES = 2, 2, 2
_MOST = 6  # bands that Pillow looks at
_MOST_NUMBERS = 1 << 30  # in one picture


@dataclass(frozen=True)
class Bands:
    """The bands of a TIFF's first picture. tags: of the file, by number."""

    tags: dict[int, Any]
    data: bytes

    @classmethod
    def of(cls, data: bytes) -> "Bands | None":
        """None where the bytes are no TIFF, or one that cannot be read."""
        if data[:4] not in _MARKS:
            return None
        try:
            head = TiffImagePlugin.ImageFileDirectory_v2(data[: 16 if b"+" in data[:4] else 8])
            stream = io.BytesIO(data)
            stream.seek(head.next)
            head.load(stream)
            found = cls({tag: head[tag] for tag in head}, data)
            return found if str(found) and found.size and found.misread is not None else None
        except Exception:  # whatever its decoder says of it is said then
            return None

    @property
    def number(self) -> int:
        """The number of bands."""
        return int(self.tags.get(_SAMPLES, 1))

    @property
    def size(self) -> int:
        """How many numbers all bands hold."""
        return int(self.tags[_WIDTH]) * int(self.tags[_HEIGHT]) * self.number

    @property
    def colours(self) -> bool:
        """Whether they are red, green and blue, and no other is known to mean anything."""
        return self.tags.get(_PHOTOMETRIC) == _RGB and (self.number == 3 or self._unspecified)

    @property
    def _unspecified(self) -> bool:
        return self.number > 3 and max(self.tags.get(_EXTRA) or (0,)) == 0

    @property
    def bits(self) -> int:
        """The bits of a number in the widest band."""
        return max(self.tags.get(_BITS, (1,)))

    @property
    def separate(self) -> bool:
        """Whether the bands are stored one after the other."""
        return self.number > 1 and self.tags.get(_PLANAR) == _SEPARATE

    @property
    def misread(self) -> bool:
        """Whether Pillow would make something else of them without a word, write of them on the terminal, or refuse
        colours."""
        odd = self.bits > 8 or self.tags.get(_PHOTOMETRIC) != _RGB or self._unspecified
        return self.number > _MOST or (self.separate and odd) or (self._unspecified and self.colours and self.bits > 8)

    def __str__(self) -> str:
        kind = {1: "", 2: " signed", 3: " floating point"}.get(max(self.tags.get(_FORMAT, (1,))), " special")
        names = ["red", "green", "blue"] if self.tags.get(_PHOTOMETRIC) == _RGB else []
        named = [*names, *map(str, range(len(names) + 1, self.number + 1))][: self.number]
        which = f" ({', '.join(named[:8])}{', ...' if len(named) > 8 else ''})"
        count = f"{self.number} bands{which}" if self.number > 1 else "1 band"
        return f"{count} of {self.bits}{kind} bits"

    @property
    def unsupported(self) -> str:
        """Why they make no picture, and what does."""
        return f"unsupported: {self}{FIRST if self._can_be_taken else ''}"

    @property
    def _can_be_taken(self) -> bool:
        plain = self.bits in (8, 16) and max(self.tags.get(_FORMAT, (1,))) == 1
        return self.number > 2 and plain and self.size <= _MOST_NUMBERS

    def first_three(self) -> bytes | None:
        """A TIFF of the first three in red, green and blue; None where they cannot be read."""
        if not self._can_be_taken:
            return None
        try:
            planes = [self._plane(band) for band in range(3)] if self.separate else self._interleaved()
        except Exception:  # damaged, or packed in a way of which only Pillow's decoder knows
            return None
        return plain(np.stack(planes, axis=-1))

    def _plane(self, band: int) -> np.ndarray:
        """One band of those that follow one after the other: a grey picture whose pieces are named."""
        starts = next(tag for tag in _PIECES if tag in self.tags)
        each = len(self.tags[starts]) // self.number
        part = slice(band * each, (band + 1) * each)
        pieces = {tag: self.tags[tag][part] for tag in (starts, _PIECES[starts])}
        return self._as_grey(pieces | {_PREDICTOR: self.tags.get(_PREDICTOR, 1)})

    def _interleaved(self) -> list[np.ndarray]:
        """Bands whose numbers alternate: a grey picture so many times wider."""
        predictor, number, width = self.tags.get(_PREDICTOR, 1), self.number, int(self.tags[_WIDTH])
        if predictor not in (1, _DIFFERENCES):
            raise ValueError(predictor)
        pieces = {tag: self.tags[tag] for pair in _PIECES.items() for tag in pair if tag in self.tags}
        wider = {tag: int(self.tags[tag]) * number for tag in (_WIDTH, _TILE_WIDTH) if tag in self.tags}
        numbers = self._as_grey(pieces | wider).reshape(-1, width, number)
        if predictor == _DIFFERENCES:  # to the number of the same band before, in each row of a strip or tile
            step = int(self.tags.get(_TILE_WIDTH, width))
            parts = [numbers[:, at : at + step].cumsum(1, dtype=numbers.dtype) for at in range(0, width, step)]
            numbers = np.concatenate(parts, axis=1)
        return [numbers[..., band] for band in range(3)]

    def _as_grey(self, changed: dict[int, Any]) -> np.ndarray:
        kept = {tag: self.tags[tag] for tag in _KEPT if tag in self.tags}
        grey = {_BITS: self.bits, _COMPRESSION: self.tags.get(_COMPRESSION, 1), _PHOTOMETRIC: 1, _SAMPLES: 1}
        with_tags = _with_directory(self.data, kept | grey | changed)
        with TiffImagePlugin.TiffImageFile(io.BytesIO(with_tags), "") as image:
            numbers = np.asarray(image)
        return numbers.astype(np.uint8 if self.bits == 8 else np.uint16)


def plain(pixels: np.ndarray) -> bytes:
    """Pixels (height, width, 3) of 8 or 16 bits as a TIFF without compression."""
    height, width, channels = pixels.shape
    held = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    tags = {_WIDTH: width, _HEIGHT: height, _BITS: (8 * pixels.itemsize,) * channels, _COMPRESSION: 1}
    tags |= {_PHOTOMETRIC: _RGB, 273: 8, _SAMPLES: channels, 278: height, 279: len(held)}
    return _with_directory(b"II*\0\0\0\0\0" + held, tags)


def _with_directory(data: bytes, tags: dict[int, Any]) -> bytes:
    """A TIFF's bytes with another directory at their end."""
    order = "<" if data[:1] == b"I" else ">"
    start = math.ceil(len(data) / 2) * 2
    entries, more = b"", b""
    after = start + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        numbers = [int(one) for one in (value if isinstance(value, tuple) else (value,))]
        held = struct.pack(f"{order}{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            held, more = struct.pack(f"{order}I", after + len(more)), more + held
        entries += struct.pack(f"{order}HHI", tag, 4, len(numbers)) + held
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", start)
    directory = struct.pack(f"{order}H", len(tags)) + entries + b"\0\0\0\0" + more
    return head + data[8:].ljust(start - 8, b"\0") + directory


@final
class FirstBands(OtherReading):
    """A source of whose TIFFs of other bands, and of four, the first three are taken."""

    def listing(self) -> Listing:
        """The source's listing, with a note that three bands are taken."""
        return self._listing

    @cached_property
    def _listing(self) -> Listing:
        listing = self._source.listing()
        note = "of TIFFs with four bands or more the first three are red, green and blue (data.bands=first)"
        return replace(listing, notes=(*listing.notes, note))

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """The files."""
        for at, content in self._source.contents(count):
            yield at, _of_first_three(content)


def _of_first_three(content: Content) -> Content:
    data = _tiff(content)
    bands = Bands.of(data) if data else None
    if bands is None or (bands.colours and not bands.misread):
        return content
    return bands.first_three() or content


def _tiff(content: Content) -> bytes | None:
    """The bytes of a TIFF; None of anything else."""
    try:
        if isinstance(content, Path | str):
            with open(content, "rb") as file:
                start = file.read(4)
                return start + file.read(LARGEST_BYTES) if start in _MARKS else None
        return content if isinstance(content, bytes) and content[:4] in _MARKS else None
    except OSError:  # its conversion reports the error
        return None
