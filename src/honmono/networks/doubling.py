"""Sizes of networks that double a base grid of 4 to 7 pixels up to the picture."""

from honmono.errors import Refused
from honmono.networks.outputs import picture_sides


def doubled_maps(
    sample_shape: tuple[int, ...], width: int, max_width: int, network: str
) -> tuple[tuple[int, int], list[int]]:
    """Height and width of the base grid, and the channels of the maps from half of the picture's sides down to it.

    The channels double from `width` towards the base grid, up to `max_width`. The shorter side of pictures that are no
    squares decides how often. Raises `Refused` for a size that no base grid doubles to.
    """
    high, wide = picture_sides(sample_shape)
    levels = doublings(high, network) if high == wide else _of_rectangle(high, wide, network)
    return (high >> levels, wide >> levels), [min(width << level, max_width) for level in range(levels)]


def doublings(size: int, network: str) -> int:
    """How often a base grid of 4 to 7 pixels is doubled to reach `size`, at least once.

    network: its name, for the message. Raises `Refused`, with the nearest possible sizes, where none is reached.
    """
    found = _doublings(size)
    if found is None:
        possible = [near for near in range(8, 2 * size + 16) if _doublings(near) is not None]
        nearest = sorted(possible, key=lambda near: abs(near - size))
        raise Refused(
            f"{network} doubles a grid of 4 to 7 pixels, which cannot give {size}x{size}:"
            f" use the nearest possible size, --size {nearest[0]}, or --size {nearest[1]}"
        )
    return found


def _of_rectangle(high: int, wide: int, network: str) -> int:
    """How often a base grid, whose shorter side has 4 to 7 pixels, is doubled to reach a rectangle."""
    levels = _doublings(min(high, wide))
    if levels is None or max(high, wide) % 2**levels:
        near = "{}x{}".format(*nearest_doubled(high, wide))
        raise Refused(
            f"{network} doubles a grid with 4 to 7 pixels on its shorter side, which cannot give {high}x{wide}: use the"
            f" nearest possible size, --size {near}"
        )
    return levels


def nearest_doubled(high: int, wide: int) -> tuple[int, int]:
    """The sides near to these that such a grid doubles to."""
    short = max(8, min(high, wide))
    short = _rounded(short, 1 << short.bit_length() - 3)
    step = 1 << short.bit_length() - 3
    return (short, _rounded(wide, step)) if high <= wide else (_rounded(high, step), short)


def _rounded(side: int, step: int) -> int:
    return max(round(side / step), 4) * step


def _doublings(size: int) -> int | None:
    number = size.bit_length() - 3
    return number if number >= 1 and size % 2**number == 0 else None
