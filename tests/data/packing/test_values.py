import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from honmono.data.packing.check import check
from honmono.data.packing.understood import understood
from honmono.data.pictures import Pictures
from honmono.errors import Refused


def pixels(source: Path, **fields) -> tuple[np.ndarray, dict]:
    opened = Pictures(source=str(source), range=(0, 255), **fields).open()
    assert opened.length is not None
    return opened.gather(np.arange(opened.length), np.random.default_rng(0)).real.numpy(), opened.record


def icons(folder: Path, colour: str, size: tuple[int, int] = (32, 32)) -> Path:
    """Discs of a colour on transparency, at other places in each picture."""
    folder.mkdir()
    for place in range(6):
        image = Image.new("RGBA", size, (0, 0, 0, 0))
        ImageDraw.Draw(image).ellipse((place, place, place + 12, place + 12), fill=colour)
        image.save(folder / f"{place}.png")
    return folder


@pytest.mark.parametrize(("colour", "ground"), [("white", 0), ("#f0f0f0", 0), ("black", 255), ("red", 255)])
def test_transparency_is_laid_on_what_lets_the_pictures_be_seen(tmp_path: Path, colour: str, ground: int) -> None:
    found, record = pixels(icons(tmp_path / "icons", colour))
    assert (found[:, :, -1, -1] == ground).all() and found.std(axis=(2, 3)).max() > 30
    assert any("data.ground" in note for note in record["notes"])


def test_the_ground_can_be_chosen(tmp_path: Path) -> None:
    folder = icons(tmp_path / "icons", "white")
    found, record = pixels(folder, ground="#2040ff")
    assert found.shape[1] == 3 and found[0, :, -1, -1].tolist() == [0x20, 0x40, 0xFF]
    blank, record = pixels(folder, ground="white")
    assert (blank == 255).all() and any("nearly one colour" in line for line in understood(record))
    with pytest.raises(Refused, match="data.ground=whte"):
        Pictures(ground="whte")


def test_transparency_can_be_a_fourth_channel(tmp_path: Path) -> None:
    folder = icons(tmp_path / "icons", "#f0f0f0")
    Image.new("RGB", (32, 32), "red").save(folder / "6.jpg", quality=100, subsampling=0)
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 4), dtype=np.uint8)
    noise[:, :8, 3] = 0
    Image.fromarray(noise).save(folder / "7.png")
    found, record = pixels(folder, ground="alpha")
    assert found.shape == (8, 4, 32, 32) and found[0, :, -1, -1].tolist() == [0, 0, 0, 0]
    assert found[0, :, 6, 6].tolist() == [240, 240, 240, 255] and (found[6, 3] == 255).all()
    noise[noise[..., 3] == 0] = 0  # files hold any colour where nothing is visible
    np.testing.assert_array_equal(found[7].transpose(1, 2, 0), noise)
    assert not any(line.startswith("warning") for line in understood(record))
    padded, _ = pixels(folder, ground="alpha", fit="pad", size=40)
    assert not padded[:, :, :4].any() and padded[6, 3, 4:36, 4:36].all()


def test_a_fourth_channel_of_nothing_is_warned_of(tmp_path: Path) -> None:
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(tmp_path / "a.png")
    found, record = pixels(tmp_path, ground="alpha")
    assert (found[0, 3] == 255).all() and any("no picture is transparent" in line for line in understood(record))
    with pytest.raises(Refused, match="data.channels=3"):
        Pictures(ground="alpha", channels=3)


def test_pictures_of_one_colour_each_are_warned_of(tmp_path: Path) -> None:
    for place, colour in enumerate(("red", "#20ff20", "navy")):
        Image.new("RGB", (8, 8), colour).save(tmp_path / f"{place}.png")
    assert any("3 of 3 pictures have nearly one colour" in line for line in understood(check(str(tmp_path)).record))


def test_padding_has_the_colour_of_the_ground(tmp_path: Path) -> None:
    found, _ = pixels(icons(tmp_path / "icons", "black", size=(16, 24)), size=32, fit="pad")
    assert (found[:, :, 0, 0] == 255).all() and (found[:, :, 27, 23] == 255).all()  # around them, and behind them


@pytest.mark.parametrize(("format", "bits"), [("PNG", 8), ("PNG", 10), ("PNG", 12), ("PNG", 16), ("TIFF", 12)])
def test_whole_numbers_are_read_by_the_bits_in_use(tmp_path: Path, format: str, bits: int) -> None:
    top = 2**bits - 1
    for place, share in enumerate((1.0, 0.5)):
        picture = (np.linspace(0, top, 16) * share).astype(np.uint16)
        Image.fromarray(np.tile(picture, (16, 1))).save(tmp_path / f"{place}.{format.lower()}")
    found, record = pixels(tmp_path)
    assert found[0].max() == 255 and abs(found[1].max() - 127) <= 1  # one range for the set, not one for each picture
    assert any(f"{bits} bits" in note for note in record["notes"]) == (bits < 16)


def png16(numbers: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel, which Pillow cannot write in colour."""
    height, width, channels = numbers.shape
    kind = {2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in numbers)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(held)) + name + held + struct.pack(">I", zlib.crc32(name + held)) for name, held in chunks
    )


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colours_of_16_bits_are_read_by_the_bits_in_use(tmp_path: Path, bits: int, channels: int) -> None:
    numbers = np.random.default_rng(bits).integers(0, 2**bits, (2, 16, 16, channels), dtype=np.uint16)
    numbers[0, 0, 0], numbers[1] = 2**bits - 1, numbers[1] // 4
    for place, one in enumerate(numbers):
        (tmp_path / f"{place}.png").write_bytes(png16(one))
    found, record = pixels(tmp_path, **({"ground": "alpha"} if channels != 3 else {}))
    expected = np.rint(numbers * (255 / (2**bits - 1)))
    if channels != 3:
        expected = expected[..., [0, 0, 0, 1]] if channels == 2 else expected
        expected[expected[..., 3] == 0] = 0
    np.testing.assert_array_equal(found.transpose(0, 2, 3, 1), expected)
    assert any(f"{bits} bits" in note for note in record["notes"])


def test_colours_of_all_16_bits_keep_their_upper_8(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).integers(0, 2**16, (8, 8, 3), dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(png16(numbers))
    found, _ = pixels(tmp_path)
    np.testing.assert_array_equal(found[0].transpose(1, 2, 0), numbers >> 8)


def test_fractions_have_one_range_for_the_set(tmp_path: Path) -> None:
    for place, level in enumerate((0.9, 50.0, 100.0, 200.0)):
        Image.fromarray(np.full((8, 8), level, np.float32)).save(tmp_path / f"{place}.tif")
    found, _ = pixels(tmp_path)
    assert found[:, 0, 0, 0].tolist() == [1, 50, 100, 200]
    Image.fromarray(np.full((8, 8), -55.0, np.float32)).save(tmp_path / "4.tif")
    found, record = pixels(tmp_path)
    assert found[:, 0, 0, 0].tolist() == [56, 105, 155, 255, 0]
    assert any("from -55 to 200" in note for note in record["notes"])


def test_metadata_of_a_png_is_no_part_of_its_pixels(tmp_path: Path) -> None:
    image = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    text = PngImagePlugin.PngInfo()
    text.add_itxt("note", "x" * 3_000_000, zip=True)
    image.save(tmp_path / "text.png", pnginfo=text)
    image.save(tmp_path / "profile.png", icc_profile=b"\0" * 3_000_000)
    small, held = PngImagePlugin.PngInfo(), io.BytesIO()
    small.add_text("note", "hello")
    image.save(held, "PNG", pnginfo=small)
    content = bytearray(held.getvalue())
    content[content.index(b"tEXt") + 5] ^= 1
    (tmp_path / "checksum.png").write_bytes(content)
    image.save(tmp_path / "plain.png")
    found, record = pixels(tmp_path)
    assert record["skipped"] == [] and len(found) == 4
    np.testing.assert_array_equal(found, np.broadcast_to(np.asarray(image), (4, 1, 16, 16)))


def test_nearly_black_pictures_are_warned_of(tmp_path: Path) -> None:
    Image.fromarray((np.arange(64).reshape(8, 8) % 17).astype(np.uint8)).save(tmp_path / "a.png")
    assert any("nearly black" in line for line in understood(check(str(tmp_path)).record))


@pytest.mark.parametrize("format", ["TIFF", "GIF"])
def test_files_of_several_frames_are_counted(tmp_path: Path, format: str) -> None:
    frames = [Image.fromarray((np.arange(64).reshape(8, 8) * (place + 1)).astype(np.uint8)) for place in range(3)]
    frames[0].save(tmp_path / f"a.{format.lower()}", save_all=True, append_images=frames[1:])
    frames[1].save(tmp_path / f"b.{format.lower()}")
    assert any(line.startswith("1 files hold several frames") for line in understood(check(str(tmp_path)).record))


@pytest.mark.parametrize("format", ["TIFF", "GIF"])
def test_every_frame_can_be_a_picture(tmp_path: Path, format: str) -> None:
    levels = [10 * place for place in range(12)]
    for name, held in (("a", levels[:7]), ("b", levels[7:])):
        frames = [Image.fromarray(np.full((8, 8), level, np.uint8)) for level in held]
        (tmp_path / name).mkdir()
        frames[0].save(tmp_path / name / f"film.{format.lower()}", save_all=True, append_images=frames[1:])
    found, record = pixels(tmp_path, frames="all", channels=1)
    assert found[:, 0, 4, 4].tolist() == levels
    assert record["class_counts"] == {"a": 7, "b": 5}
    found, record = pixels(tmp_path, frames="all", channels=1, limit=9)
    assert found[:, 0, 4, 4].tolist() == levels[:9]
