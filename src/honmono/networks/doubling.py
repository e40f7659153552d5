"""Sizes of networks that double a base grid of 4 to 7 pixels up to the picture."""

from honmono.errors import Refused
from honmono.networks.outputs import square_size


def doubled_maps(sample_shape: tuple[int, ...], width: int, max_width: int, network: str) -> tuple[int, list[int]]:
    """The side of the base grid, and the channels of the maps from half of the picture's side down to it.

    The channels double from `width` towards the base grid, up to `max_width`. Raises `Refused` for a size that
    `doublings` refuses.
    """
    size = square_size(sample_shape)
    levels = doublings(size, network)
    return size >> levels, [min(width << level, max_width) for level in range(levels)]


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


def _doublings(size: int) -> int | None:
    number = size.bit_length() - 3
    return number if number >= 1 and size % 2**number == 0 else None
