"""PNG files without their metadata: texts and colour profiles, however long or damaged, are no part of the pixels.

Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)" (2025), section 5, "Datastream structure".
"""

import struct


_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_OF_PIXELS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf"))  # eXIf: which way is up


def without_metadata(data: bytes) -> bytes | None:
    """The same picture with the chunks alone that its pixels need; None where the data is no PNG."""
    if not data.startswith(_SIGNATURE):
        return None
    kept, at = [_SIGNATURE], len(_SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind in _OF_PIXELS:
            kept.append(data[at : at + 12 + length])
        at += 12 + length
    return b"".join(kept)
