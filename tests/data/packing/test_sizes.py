import pytest

from honmono.data.packing.sizes import Size, checked_size, height_and_width, spelled
from honmono.errors import Refused


@pytest.mark.parametrize(
    ("given", "size", "sides"),
    [(64, 64, (64, 64)), ("48x64", "48x64", (48, 64)), ("64x64", 64, (64, 64)), ("32", 32, (32, 32))],
)
def test_sizes_are_sides_of_squares_or_both_sides(given: Size, size: Size, sides: tuple[int, int]) -> None:
    assert checked_size(given, "data.size") == size
    assert height_and_width(size) == sides and spelled(size) == f"{sides[0]}x{sides[1]}"


@pytest.mark.parametrize("given", [3, "3x8", "64x", "axb", "8x8x3", "-8x8", ""])
def test_what_is_no_size_is_refused(given: Size) -> None:
    with pytest.raises(Refused, match=r"data\.size"):
        checked_size(given, "data.size")
