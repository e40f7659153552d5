"""JPEGs as most are become the same pixels as by Pillow's own reading; all others are left to that."""

import io

import numpy as np
import pytest
from PIL import Image

from honmono.data.packing.decode import decode
from honmono.data.packing.plain_jpeg import plain_header, plain_pixels


def jpeg(picture: Image.Image, **settings) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    picture.save(file, "JPEG", **settings)
    return file.getvalue()


@pytest.fixture(scope="module")
def colours() -> Image.Image:
    """A picture of 50x42 pixels, which no block of 16 divides."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (42, 50, 3), dtype=np.uint8))


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"progressive": True, "comment": b"a comment"},
        {"optimize": True, "quality": 30, "dpi": (300, 300)},
        {"subsampling": 0, "restart_marker_rows": 1},
    ],
)
def test_pixels_are_those_of_pillow(colours, mode, settings) -> None:
    data = jpeg(colours.convert(mode), **settings)
    assert plain_header(data) == (mode, (50, 42))
    image = plain_pixels(data, mode, (50, 42))
    assert image is not None
    assert image.mode == mode
    assert np.array_equal(np.asarray(image), np.asarray(Image.open(io.BytesIO(data))))
    found, header, repairs = decode(data, 32)
    assert np.array_equal(np.asarray(found), np.asarray(image))
    assert header == ("JPEG", 50, 42, mode == "L", False, False)
    assert repairs == ()


def test_what_means_more_is_left_to_pillow(colours) -> None:
    exif = Image.Exif()
    exif[274] = 6  # stored on its side
    unlike = [
        jpeg(colours, exif=exif),
        jpeg(colours, icc_profile=b"a profile"),
        jpeg(colours.convert("CMYK")),
        b"\x89PNG\r\n\x1a\n",
        b"",
    ]
    assert [plain_header(data) for data in unlike] == [None] * len(unlike)
    turned, *_ = decode(unlike[0], 32)
    assert turned.size == (42, 50)


def test_damaged_ones_are_left_to_pillow(colours) -> None:
    """Whatever bytes are changed or cut off, pictures and reasons are those without this shortcut."""
    data, random = jpeg(colours), np.random.default_rng(1)
    assert plain_pixels(data[: len(data) // 2], "RGB", (50, 42)) is None
    for end in range(0, len(data), 37):
        if (found := plain_header(data[:end])) is not None:
            assert plain_pixels(data[:end], *found) is None
    for _ in range(300):
        mutated = bytearray(data)
        mutated[random.integers(2, 700)] = random.integers(256)
        _same_as_pillow(bytes(mutated))


def _same_as_pillow(data: bytes) -> None:
    if (found := plain_header(data)) is None or (image := plain_pixels(data, *found)) is None:
        return
    whole = Image.open(io.BytesIO(data))
    assert (whole.mode, whole.size) == found
    assert np.array_equal(np.asarray(image), np.asarray(whole))
