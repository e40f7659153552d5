"""Networks that double a base grid of 4 to 7 pixels until it is the picture."""

from honmono.errors import Refused
from honmono.networks.outputs import square_size


def doubled_maps(sample_shape: tuple[int, ...], width: int, max_width: int, network: str) -> tuple[int, list[int]]:
    """The base grid's side, and the channels of each map from half of the picture's side down to it.

    They double from `width` towards the base grid, up to `max_width`. Raises `Refused`, as `doublings` does.
    """
    size = square_size(sample_shape)
    levels = doublings(size, network)
    return size >> levels, [min(width << level, max_width) for level in range(levels)]


def doublings(size: int, network: str) -> int:
    """How often, at least once. Raises `Refused`, naming the network and the nearest possible sizes, where none is."""
    found = _doublings(size)
    if found is None:
        possible = [near for near in range(8, 2 * size + 16) if _doublings(near) is not None]
        nearest = sorted(possible, key=lambda near: abs(near - size))
        raise Refused(
            f"{network} doubles a grid of 4 to 7 pixels, which never gives {size}x{size};"
            f" the nearest possible size is {nearest[0]} (--size {nearest[0]}), then {nearest[1]}"
        )
    return found


def _doublings(size: int) -> int | None:
    number = size.bit_length() - 3
    return number if number >= 1 and size % 2**number == 0 else None
