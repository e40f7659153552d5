import threading
import warnings

import numpy as np
import pytest
from PIL import Image, ImageFile, features

from honmono.data.packing.decode import Unusable, decode, read_header
from honmono.data.sources.base import Unreadable


def decoded(content: bytes | str | np.ndarray, side: int = 64) -> tuple[np.ndarray, tuple[str, ...]]:
    image, _, repairs = decode(content, side)
    assert image.mode in ("L", "RGB")
    return np.asarray(image), repairs


def test_plain_pictures_come_out_as_they_are(encode, scene) -> None:
    for pixels in (scene, scene[..., 0]):
        for format in ("PNG", "BMP", "TIFF", "PPM"):
            found, repairs = decoded(encode(pixels, format))
            np.testing.assert_array_equal(found, pixels)
            assert repairs == ()


def test_grey_stays_grey_until_channels_are_chosen(encode, scene) -> None:
    image, header, _ = decode(encode(scene[..., 0]), 64)
    assert image.mode == "L" and header.grey
    assert not read_header(encode(scene)).grey
    assert read_header(encode(Image.fromarray(scene[..., 0]).convert("P"), "GIF")).grey


def test_transparency_is_laid_on_white(encode) -> None:
    red = np.zeros((8, 8, 4), np.uint8)
    red[..., 0], red[:, :4, 3], red[:, 4:, 3] = 255, 255, 51
    found, repairs = decoded(encode(red))
    assert repairs == ("transparency on a background of white",)
    assert found[0, 0].tolist() == [255, 0, 0] and found[0, 7].tolist() == [255, 204, 204]


def test_grey_and_alpha_stays_grey(encode) -> None:
    pixels = np.zeros((8, 8, 2), np.uint8)
    pixels[..., 0], pixels[:, 4:, 1] = 100, 255
    found, repairs = decoded(encode(Image.fromarray(pixels, "LA")))
    assert found.shape == (8, 8) and (found[0, 0], found[0, 7]) == (255, 100)
    assert repairs == ("transparency on a background of white",)


def test_palettes_with_and_without_transparency(encode) -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 10, 20, 200])
    found, repairs = decoded(encode(image))
    assert repairs == ("palette looked up",) and found[0, 0].tolist() == [10, 20, 200]
    found, repairs = decoded(encode(image, transparency=1))
    assert repairs == ("palette looked up", "transparency on a background of white") and found[0, 0].tolist() == [
        255,
        255,
        255,
    ]


@pytest.mark.parametrize("format", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_are_scaled_not_clipped(encode, format: str) -> None:
    values = np.array([[0, 257, 300, 32896, 65535, 65534, 128, 129]] * 8, np.uint16)
    found, repairs = decoded(encode(values, format))
    assert found[0].tolist() == [0, 1, 1, 128, 255, 255, 0, 1]
    assert repairs == ("16 bits a channel scaled to 8",)


def test_fractions_are_scaled_and_nonsense_is_refused(encode) -> None:
    found, repairs = decoded(encode(np.full((8, 8), 0.5, np.float32), "TIFF"))
    assert found[0, 0] == 128 and repairs == ("fractions scaled to 8 bits",)
    for wrong in (-1.0, 1e6, np.nan):
        with pytest.raises(Unusable, match="neither 0..1 nor 0..255"):
            decode(encode(np.full((8, 8), wrong, np.float32), "TIFF"), 8)


def test_cmyk_becomes_rgb(encode, scene) -> None:
    found, repairs = decoded(encode(Image.fromarray(scene).convert("CMYK"), "JPEG", quality=95))
    assert repairs == ("CMYK converted to RGB",)
    assert np.abs(found.astype(int) - scene).mean() < 3


def test_inks_without_adobes_marker_are_not_inverted(encode, scene) -> None:
    inks = Image.fromarray(scene).convert("CMYK")
    as_they_are = Image.frombytes(
        "CMYK", inks.size, (255 - np.asarray(inks)).tobytes()
    )  # Pillow inverts what it writes
    content = encode(as_they_are, "JPEG", quality=95)
    at = content.index(b"\xff\xee")
    unmarked = content[:at] + content[at + 2 + int.from_bytes(content[at + 2 : at + 4], "big") :]
    found, repairs = decoded(unmarked)
    assert repairs == ("CMYK converted to RGB",)
    assert np.abs(found.astype(int) - scene).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(encode, scene, orientation: int) -> None:
    # How a camera stores an upright scene, for each value of the EXIF tag.
    stored = {
        1: scene,
        2: scene[:, ::-1],
        3: scene[::-1, ::-1],
        4: scene[::-1],
        5: scene.transpose(1, 0, 2),
        6: np.rot90(scene),
        7: np.rot90(scene, 2).transpose(1, 0, 2),
        8: np.rot90(scene, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encode(np.ascontiguousarray(stored), "JPEG", exif=exif, quality=98, subsampling=0)
    found, repairs = decoded(content)
    assert (read_header(content).width, read_header(content).height) == (64, 48)
    assert np.abs(found.astype(int) - scene).mean() < 2
    assert len(repairs) == (orientation > 1)


def test_half_of_a_truncated_jpeg_is_kept_without_black(encode, scene) -> None:
    whole = encode(Image.fromarray(scene).resize((320, 240)), "JPEG", quality=95)
    found, repairs = decoded(whole[: int(len(whole) * 0.8)], 320)
    assert 120 <= len(found) < 240 and found.min() > 0
    assert repairs == (f"truncated: the {len(found) / 240:.0%} that decode were kept",)
    with pytest.raises(Unusable, match="truncated or damaged: only"):
        decode(whole[: int(len(whole) * 0.3)], 320)


@pytest.mark.parametrize("format", ["PNG", "BMP", "PPM", "TGA"])
def test_truncated_rows_of_other_formats_are_right(encode, format: str) -> None:
    noise = np.random.default_rng(0).integers(1, 256, (60, 50, 3), dtype=np.uint8)
    found, repairs = decoded(encode(noise, format)[:-3000])
    kept = noise[: len(found)] if format in ("PNG", "PPM") else noise[-len(found) :]
    assert 30 <= len(found) < 60 and repairs[0].startswith("truncated")
    # The last row that was reached may be cut within.
    inner = slice(None, -1) if format in ("PNG", "PPM") else slice(1, None)
    np.testing.assert_array_equal(found[inner], kept[inner])


def test_only_the_first_frame_of_an_animation_is_taken(encode) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    found, repairs = decoded(encode(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert found[0, 0].tolist() == [255, 0, 0] and repairs[0] == "several frames: the first was taken"


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_animations_whose_first_frame_has_transparency(encode, format: str) -> None:
    frames = []
    for colour in ((200, 40, 20), (20, 40, 200)):
        pixels = np.full((12, 16, 4), (*colour, 255), np.uint8)
        pixels[4:6] = 0
        frames.append(Image.fromarray(pixels))
    lossless = {"lossless": True} if format == "WEBP" else {}
    found, repairs = decoded(encode(frames[0], format, save_all=True, append_images=frames[1:], **lossless))
    assert (found[4:6] == 255).all() and (found[6:] == (200, 40, 20)).all() and (found[:4] == found[6]).all()
    assert repairs[0] == "several frames: the first was taken" and "transparency on a background of white" in repairs


@pytest.mark.parametrize(("format", "needs"), [("AVIF", "avif"), ("JPEG2000", "jpg_2000")])
def test_newer_formats_of_photographs(encode, scene, format: str, needs: str) -> None:
    if not features.check(needs):
        pytest.skip(f"this Pillow was built without {format}")
    found, repairs = decoded(encode(scene, format))
    assert found.shape == scene.shape and repairs == ()
    assert np.abs(found.astype(int) - scene).mean() < 4


def test_huge_jpegs_are_decoded_at_a_reduced_scale(encode) -> None:
    content = encode(Image.new("RGB", (4800, 3600), "teal"), "JPEG")
    found, repairs = decoded(content, 64)
    assert found.shape == (450, 600, 3) and repairs == ("huge: 4800x3600 pixels scaled down",)


def test_beyond_pillows_own_limit_and_beyond_ours(monkeypatch, encode) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # Image.open would refuse this one as a bomb
    found, _ = decoded(encode(np.full((80, 80), 7, np.uint8)))
    assert found.shape == (80, 80)
    header = bytearray(encode(np.zeros((8, 8), np.uint8), "BMP"))
    header[18:26] = (30_000).to_bytes(4, "little") * 2
    with pytest.raises(Unusable, match="too huge: 30000x30000 pixels"):
        decode(bytes(header), 64)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty file"),
        (b"just some words in a file", "not a picture"),
        (b"\x89", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
        (b"\xff\xd8\xff\xe0", "damaged JPEG"),
        (Unreadable("encrypted"), "encrypted"),
        ("nowhere.png", "cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_picture_says_why(content, why: str) -> None:
    with pytest.raises(Unusable, match=f"^{why}"):
        decode(content, 8)


def test_tiny_pictures_are_left_out(encode) -> None:
    for shape in ((1, 1), (3, 100)):
        with pytest.raises(Unusable, match="too small"):
            decode(encode(np.zeros(shape, np.uint8)), 8)


def test_global_switches_of_pillow_stay_untouched(horrible) -> None:
    before = (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, threading.active_count())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in horrible.iterdir():
            try:
                decode(str(path), 16)
            except Unusable:
                continue
    assert before == (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, threading.active_count())
