"""Plain JPEGs, without orientation, colour profiles and the like, decoded without reading their metadata.

Pillow's `open` reads every table and comment of a JPEG in Python, which for one of 48x48 pixels takes longer than its
pixels do (benchmarks/README.md, "Packing"). Here the segments are only passed over, and the same decoder is called.
"""

import struct

from PIL import Image


_START, _SCAN = b"\xff\xd8\xff", 0xDA
_FRAMES = frozenset((0xC0, 0xC2))  # baseline and progressive
# JFIF, quantisation and Huffman tables, the restart interval, comments. Segments that could turn a picture, change its
# colours or hold further pictures (Exif, profiles, Adobe's, MPO) have other numbers.
_HARMLESS = frozenset((0xE0, 0xDB, 0xC4, 0xDD, 0xFE))
_MODES = {1: "L", 3: "RGB"}

_segment = struct.Struct(">BBH").unpack_from
_frame = struct.Struct(">BHHB").unpack_from


def plain_header(data: bytes) -> tuple[str, tuple[int, int]] | None:
    """Mode and (width, height) of a plain JPEG of 8-bit grey or colour; None of anything else."""
    if not data.startswith(_START):
        return None
    at, found = 2, None
    try:
        while True:
            mark, kind, length = _segment(data, at)
            if kind == _SCAN:
                return found
            if mark != _START[0] or kind not in _HARMLESS and (kind not in _FRAMES or found is not None):
                return None
            if kind in _FRAMES:
                bits, height, width, bands = _frame(data, at + 4)
                if bits != 8 or bands not in _MODES:
                    return None
                found = _MODES[bands], (width, height)
            at += 2 + length
    except struct.error:  # it ends before its pixels begin
        return None


def plain_pixels(data: bytes, mode: str, size: tuple[int, int]) -> Image.Image | None:
    """The decoded picture; None where it is damaged or cut short."""
    try:
        return Image.frombytes(mode, size, data, "jpeg", mode, "")
    except (ValueError, OSError):
        return None
