"""JPEGs as most are become the same pixels as by Pillow's own reading; all others are left to that."""

import io

import numpy as np
import pytest
from PIL import Image

from honmono.data.packing.decode import decode
from honmono.data.packing.opening import Unusable
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


def test_damaged_ones_are_read_or_refused_as_by_pillow(colours, tmp_path) -> None:
    """Whatever bytes are changed or cut off, pictures and reasons are those of a file that is opened by its path."""
    data, random = jpeg(colours), np.random.default_rng(1)
    damaged = [data[:end] for end in range(0, len(data), 37)]
    for _ in range(300):
        mutated = bytearray(data)
        mutated[random.integers(2, 700)] = random.integers(256)
        damaged.append(bytes(mutated))
    for one in damaged:
        (tmp_path / "one.jpg").write_bytes(one)
        assert decoded(one) == decoded(str(tmp_path / "one.jpg"))


def decoded(content: bytes | str) -> object:
    """Pixels, header and repairs, or why there are none."""
    try:
        image, header, repairs = decode(content, 32)
    except Unusable as unusable:
        return str(unusable)
    return np.asarray(image).tobytes(), header, repairs


def test_size_decides_as_for_other_pictures(colours) -> None:
    reduced, header, _ = decode(jpeg(colours.resize((160, 128))), 32)
    assert (reduced.size, header.width) == ((80, 64), 160)
    with pytest.raises(Unusable, match="too small"):
        decode(jpeg(colours.resize((1, 40))), 32)
    *_, repairs = decode(jpeg(Image.new("L", (4_000, 4_000))), 2_000)
    assert [repair.split(":")[0] for repair in repairs] == ["huge"]
