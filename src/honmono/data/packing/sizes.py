"""The size that pictures are given: the side of squares in pixels, or `HEIGHTxWIDTH` of other rectangles."""

import re

from honmono.errors import Refused


Size = int | str
SMALLEST = 4  # pixels; what is smaller shows nothing


def checked_size(size: Size, field: str) -> Size:
    """The size, as a side where it is a square's; raises `Refused`, naming the field, where it is none."""
    sides = (size, size) if isinstance(size, int) else tuple(map(int, re.findall(r"\d+", size)))
    if isinstance(size, str) and not re.fullmatch(r"\d{1,6}(x\d{1,6})?", size):
        raise Refused(f"{field}={size}: give the side of squares, such as 64, or HEIGHTxWIDTH, such as 48x64")
    if min(sides) < SMALLEST:
        raise Refused(f"{field}={size}: pictures need at least {SMALLEST} pixels a side")
    return size_of(sides[0], sides[-1])


def size_of(height: int, width: int) -> Size:
    """The size of pictures of this height and width."""
    return height if height == width else f"{height}x{width}"


def height_and_width(size: Size) -> tuple[int, int]:
    """Both sides in pixels."""
    if isinstance(size, int):
        return size, size
    height, _, width = size.partition("x")
    return int(height), int(width)


def spelled(size: Size) -> str:
    """`HEIGHTxWIDTH`, of squares too."""
    return "{}x{}".format(*height_and_width(size))
