"""The numeric arrays of a MATLAB file of versions 5 to 7, read from its bytes.

scipy's `loadmat`, with which tests compare this, ends the whole process where some bytes of a file are damaged.
Source: MathWorks, "MAT-File Format" (2022), chapter 1.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


_HEADER = 128  # bytes
_MATRIX, _COMPRESSED = 14, 15
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_COMPLEX = 0x0800  # a flag
_LARGEST = 4 << 30  # bytes of an array once unpacked
_ANYWAY, _MOST_INFLATED = 256 << 20, 100  # bytes, and so many times the packed ones: sets of pictures become no more
_LOOK = 4096  # bytes that hold an array's kind, size and name


class _Element(NamedTuple):
    kind: int
    content: memoryview


def read_mat5(data: bytes) -> dict[str, np.ndarray]:
    """The full real numeric arrays by their names; others are passed over. Raises anything for damage."""
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None:
        raise ValueError("it does not begin as MATLAB's files since version 5 do: save it with -v7")
    arrays: dict[str, np.ndarray] = {}
    for element in _elements(memoryview(data)[_HEADER:], order):
        if element.kind == _COMPRESSED:
            element = _unpacked(element.content, order)
            if element is None:
                continue
        if element.kind == _MATRIX and (found := _array(element.content, order)) is not None:
            arrays[found[0]] = found[1]
    return arrays


def _unpacked(packed: memoryview, order: str) -> _Element | None:
    """The array in a compressed element, inflated no further than its own first bytes say; None for no numbers.

    Raises `ValueError` where it holds less than it says, so that small files cannot claim large arrays.
    """
    inflating = zlib.decompressobj()
    start = inflating.decompress(packed, _LOOK)
    kind, size = struct.unpack_from(f"{order}2I", start)
    if kind != _MATRIX or struct.unpack_from(f"{order}I", start, 16)[0] & 0xFF not in _CLASSES:
        return None
    if size > _LARGEST or size > max(_ANYWAY, len(packed) * _MOST_INFLATED):
        raise ValueError(
            f"{len(packed):,} packed bytes are to become an array of {size:,}: save it without compression"
        )
    content = start + inflating.decompress(inflating.unconsumed_tail, max(1, size + 8 - len(start)))
    return next(_elements(memoryview(content), order))


def _elements(data: memoryview, order: str) -> Iterator[_Element]:
    """Elements one after the other: each a tag of 8 bytes and its content, or both in 8 bytes."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}2I", data, at)
        start, end = at + 8, at + 8 + size
        if kind >> 16:
            kind, size = kind & 0xFFFF, kind >> 16
            start, end = at + 4, at + 4 + size
            at += 8
        else:
            at = end if kind == _COMPRESSED else end + -size % 8
        if end > len(data):
            raise ValueError(f"it is cut short: {end - len(data):,} bytes are missing")
        yield _Element(kind, data[start:end])


def _array(matrix: memoryview, order: str) -> tuple[str, np.ndarray] | None:
    """Name and numbers; None for texts, cells, structures, and what is sparse or complex."""
    parts = _elements(matrix, order)
    flags = struct.unpack_from(f"{order}I", next(parts).content)[0]
    shape = np.frombuffer(next(parts).content, f"{order}i4").tolist()
    name = bytes(next(parts).content).decode("latin-1")
    if flags & 0xFF not in _CLASSES or flags & _COMPLEX:
        return None
    numbers = next(parts)
    stored = np.frombuffer(numbers.content, order + _STORED[numbers.kind])
    return name, stored.astype(_CLASSES[flags & 0xFF], copy=False).reshape(shape, order="F")
