"""TIFFs as programs of satellite pictures and microscopes write them."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.bands import Bands
from honmono.data.packing.check import check
from honmono.data.pictures import Pictures
from honmono.errors import Refused


RGB, GREY, UNASSOCIATED_ALPHA = 2, 1, 2
RANDOM = np.random.default_rng(0)


def tiff(
    numbers: np.ndarray, *, separate: bool = False, tile: int = 0, differences: bool = False, **more: int
) -> bytes:
    """(height, width, bands) of 8 or 16 bits, or of floating point; packed by zlib where differences are kept.

    more: photometric, extra (what the bands after the colours are), bits.
    """
    height, width, bands = numbers.shape
    planes = [numbers[..., band : band + 1] for band in range(bands)] if separate else [numbers]
    down, across = (tile, tile) if tile else (height, width)
    pieces = []
    for plane in planes:
        for top in range(0, height, down):
            for left in range(0, width, across):
                piece = np.zeros((down, across, plane.shape[2]), numbers.dtype)
                part = plane[top : top + down, left : left + across]
                piece[: part.shape[0], : part.shape[1]] = part
                if differences:
                    piece[:, 1:] -= piece[:, :-1].copy()
                pieces.append(zlib.compress(piece.tobytes()) if differences else piece.tobytes())
    starts = np.cumsum([8, *map(len, pieces)])
    photometric = more.get("photometric", GREY)
    tags: dict[int, tuple[int, ...]] = {256: (width,), 257: (height,), 258: (8 * numbers.itemsize,) * bands}
    tags |= {259: (8 if differences else 1,), 262: (photometric,), 277: (bands,), 284: (2 if separate else 1,)}
    tags |= {317: (2,)} if differences else {}
    tags |= {322: (tile,), 323: (tile,)} if tile else {278: (height,)}
    tags |= {324 if tile else 273: tuple(starts[:-1]), 325 if tile else 279: tuple(map(len, pieces))}
    tags |= {338: (more.get("extra", 0),) * (bands - (3 if photometric == RGB else 1))}
    tags |= {339: ({"u": 1, "f": 3}[numbers.dtype.kind],) * bands}
    end = int(starts[-1])
    entries, held = b"", b""
    for tag, values in sorted((tag, values) for tag, values in tags.items() if values):
        packed = struct.pack(f"<{len(values)}I", *values)
        if len(values) > 1:
            packed, held = struct.pack("<I", end + 6 + 12 * sum(map(bool, tags.values())) + len(held)), held + packed
        entries += struct.pack("<HHI", tag, 4, len(values)) + packed
    count = len(entries) // 12
    return b"II*\0" + struct.pack("<I", end) + b"".join(pieces) + struct.pack("<H", count) + entries + b"\0" * 4 + held


def numbers_of(bands: int, top: int = 256, kind: str = "u1") -> np.ndarray:
    return RANDOM.integers(1, top - 1, (32, 40, bands)).astype(kind)


def packed(source: Path, **fields) -> tuple[np.ndarray, dict]:
    opened = Pictures(source=str(source), size="32x40", range=(0, 255), **fields).open()
    assert opened.length is not None
    real = opened.gather(np.arange(opened.length), np.random.default_rng(0)).real.numpy()
    return real.transpose(0, 2, 3, 1), opened.record


@pytest.mark.parametrize(
    ("bands", "fields"),
    [
        (5, {}),
        (5, {"separate": True}),
        (4, {}),
        (5, {"tile": 16}),
        (5, {"differences": True}),
        (5, {"differences": True, "tile": 16}),
        (5, {"differences": True, "separate": True}),
        (13, {}),
        (5, {"photometric": RGB, "extra": 2}),
    ],
)
@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_other_bands_are_named_and_the_first_three_taken_where_asked(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], bands: int, fields: dict, kind: str
) -> None:
    numbers = numbers_of(bands, 256 if kind == "u1" else 1 << 16, kind)
    (tmp_path / "a.tif").write_bytes(tiff(numbers, **fields))
    named = f"unsupported: {bands} bands .* of {numbers.itemsize * 8} bits.*data.bands=first"
    with pytest.raises(Refused, match=named):
        check(str(tmp_path))
    found, record = packed(tmp_path, bands="first")
    np.testing.assert_array_equal(found[0], numbers[..., :3] >> (0 if kind == "u1" else 8))
    assert any("data.bands=first" in note for note in record["notes"])
    assert capfd.readouterr().err.count("\n") == 1  # that it was packed, and nothing of a library's own


def test_a_band_called_transparency_may_be_none(tmp_path: Path) -> None:
    infrared = numbers_of(4)
    (tmp_path / "a.tif").write_bytes(tiff(infrared, photometric=RGB, extra=UNASSOCIATED_ALPHA))
    with pytest.raises(Refused, match=r"unsupported.*data\.bands=first"):
        check(str(tmp_path))
    np.testing.assert_array_equal(packed(tmp_path, bands="first")[0][0], infrared[..., :3])
    transparent = numbers_of(4)
    transparent[..., 3] = 255
    transparent[:16, :, 3] = 0
    (tmp_path / "a.tif").write_bytes(tiff(transparent, photometric=RGB, extra=UNASSOCIATED_ALPHA))
    found, _ = packed(tmp_path)
    assert (found[0, :16] == 255).all()
    np.testing.assert_array_equal(found[0, 16:], transparent[16:, :, :3])


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("fields", [{}, {"separate": True}, {"differences": True}, {"tile": 16, "separate": True}])
def test_colours_of_16_bits_are_read_however_they_lie(tmp_path: Path, bits: int, fields: dict) -> None:
    numbers = numbers_of(3, 1 << bits, "u2")
    numbers[0, 0] = (1 << bits) - 1
    (tmp_path / "a.tif").write_bytes(tiff(numbers, photometric=RGB, **fields))
    found, _ = packed(tmp_path)
    expected = numbers >> 8 if bits == 16 else np.rint(numbers * (255 / 4095))
    np.testing.assert_array_equal(found[0], expected)


@pytest.mark.parametrize("kind", ["u1", "u2"])
@pytest.mark.parametrize(
    "fields", [{}, {"separate": True}, {"differences": True}, {"differences": True, "separate": True}]
)
@pytest.mark.parametrize("bands", [4, 5, 7])
def test_bands_after_colours_that_say_nothing_of_themselves_are_passed_over(
    tmp_path: Path, kind: str, fields: dict, bands: int
) -> None:
    numbers = numbers_of(bands, 256 if kind == "u1" else 1 << 16, kind)
    (tmp_path / "a.tif").write_bytes(tiff(numbers, photometric=RGB, **fields))
    np.testing.assert_array_equal(packed(tmp_path)[0][0], numbers[..., :3] >> (0 if kind == "u1" else 8))


def test_what_cannot_be_taken_is_no_damage_either(tmp_path: Path) -> None:
    for bands, kind in ((3, "f4"), (1, "f8"), (2, "u2")):
        (tmp_path / f"{bands}.tif").write_bytes(tiff(numbers_of(bands, kind=kind)))
    with pytest.raises(Refused, match="unsupported: "):
        check(str(tmp_path))
    (tmp_path / "good.tif").write_bytes(tiff(numbers_of(3), photometric=RGB))
    why = [entry["why"] for entry in check(str(tmp_path), bands="first").record["skipped"]]
    assert len(why) == 3 and all(one.startswith("unsupported: ") and "data.bands" not in one for one in why)


def test_damage_is_no_reason_to_stop(tmp_path: Path) -> None:
    whole = tiff(numbers_of(5), separate=True)
    for _ in range(300):
        content = bytearray(whole)
        for place in RANDOM.integers(len(content) - 300, len(content), 4):
            content[place] = RANDOM.integers(256)
        bands = Bands.of(bytes(content[: RANDOM.integers(8, len(content) + 1)]))
        if bands is not None:
            assert bands.unsupported and (bands.first_three() or True)
