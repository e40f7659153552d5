import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from honmono.data.packing import packed
from honmono.data.packing.survey import Survey
from honmono.data.pictures import Pictures
from honmono.errors import Refused
from honmono.networks.doubling import doublings


def some_random() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.fixture
def ramps(tmp_path: Path) -> tuple[str, np.ndarray]:
    """Eight colour pictures, none of them its own mirror image."""
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 12, 3), dtype=np.uint8)
    pixels[0, 0, :2] = [[0] * 3, [255] * 3]
    np.save(tmp_path / "ramps.npy", pixels)
    return str(tmp_path / "ramps.npy"), pixels.transpose(0, 3, 1, 2)


def test_samples_lie_in_the_range_exactly(ramps) -> None:
    source, pixels = ramps
    for low, high in ((-1.0, 1.0), (0.0, 1.0), (-0.5, 0.5), (0.0, 255.0)):
        batch = Pictures(source=source, range=(low, high)).open().gather(np.arange(8), some_random())
        assert batch.label is None and batch.real.dtype == torch.float32
        assert (batch.real.min().item(), batch.real.max().item()) == (low, high)
        np.testing.assert_allclose(batch.real, pixels / 255 * (high - low) + low, atol=1e-4 if high > 1 else 1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_memory_mapped_and_resident_sets_give_the_same(ramps, dtype: torch.dtype, monkeypatch) -> None:
    source, pixels = ramps
    mapped, resident = (Pictures(source=source, flip=True).open() for _ in range(2))
    resident.to(torch.device("cpu"), dtype)
    monkeypatch.setattr(packed, "RESIDENT_BYTES", 0)
    mapped.to(torch.device("cpu"), dtype)
    indices = np.array([5, 1, 1, 7])
    one, other = (opened.gather(indices, some_random()).real for opened in (mapped, resident))
    assert one.dtype == dtype and one.shape == (4, 3, 12, 12) and torch.equal(one, other)
    if dtype == torch.float64:
        mirrored = some_random().random(4) < 0.5
        expected = np.where(mirrored[:, None, None, None], pixels[indices, ..., ::-1], pixels[indices])
        np.testing.assert_allclose(one, expected / 255 * 2 - 1, atol=1e-15)


def test_flips_are_drawn_in_order_and_only_if_asked(ramps) -> None:
    source, _ = ramps
    plain, flipping = Pictures(source=source).open(), Pictures(source=source, flip=True).open()
    indices = np.zeros(200, np.int64)
    original = plain.gather(indices[:1], some_random()).real[0]
    batch = flipping.gather(indices, some_random()).real
    mirrored = some_random().random(200) < 0.5
    assert 70 < mirrored.sum() < 130
    for sample, flip in zip(batch, mirrored, strict=True):
        assert torch.equal(sample, original.flip(-1) if flip else original)
    untouched = some_random()
    plain.gather(indices, untouched)
    assert untouched.random() == some_random().random()


def test_gathering_changes_nothing_that_is_kept(ramps) -> None:
    opened = Pictures(source=ramps[0]).open()
    opened.to(torch.device("cpu"))
    first = opened.gather(np.arange(8), some_random()).real.clone()
    opened.gather(np.arange(8), some_random()).real.zero_()
    assert torch.equal(first, opened.gather(np.arange(8), some_random()).real)


def test_the_fingerprint_is_of_what_was_packed(ramps) -> None:
    source, _ = ramps
    same, other = (Pictures(source=source, flip=flip, range=(0, 1)).open() for flip in (True, False))
    assert same.fingerprint == other.fingerprint
    assert len({Pictures(source=source, size=size).open().fingerprint for size in (None, 12, 8)}) == 2


@pytest.mark.parametrize(
    ("shapes", "max_size", "size"),
    [
        ([(28, 28)], 64, 28),
        ([(28, 28)], 16, 16),
        ([(7, 7)], 64, 7),
        ([(18, 18)], 64, 16),
        ([(30, 30)], 64, 28),
        ([(36, 36)], 64, 32),
        ([(50, 50)], 64, 48),
        ([(62, 62)], 64, 64),
        ([(62, 62)], 63, 56),
        ([(48, 64), (50, 40), (200, 100)], 64, 32),
        ([(500, 700), (600, 400)], 64, 64),
        ([(500, 700), (600, 400)], 200, 128),
        ([(5, 9), (6, 6)], 64, 8),
        ([(40, 30)], 64, 16),
    ],
)
def test_the_size_follows_from_the_data(tmp_path: Path, encode, shapes, max_size: int, size: int) -> None:
    for index, shape in enumerate(shapes):
        (tmp_path / f"{index}.png").write_bytes(encode(np.zeros(shape, np.uint8)))
    assert Pictures(source=str(tmp_path), max_size=max_size).open().sample_shape == (1, size, size)


def test_every_size_that_is_chosen_suits_the_networks_that_double() -> None:
    for side in range(8, 140):
        for height, width in ((side, side), (side, side + 9)):
            holds = Survey(1, ((width, height, 1),), 1, height, width, True)
            for most in (64, 100, 256):
                assert doublings(holds.size_within(most), "a network") > 0


def test_another_size_than_the_pictures_have_is_told(tmp_path: Path, encode) -> None:
    (tmp_path / "a.png").write_bytes(encode(np.zeros((30, 30), np.uint8)))

    def notes(**changes: Any) -> list[str]:
        return Pictures(source=str(tmp_path), **changes).open().record["notes"]

    (note,) = notes()
    assert "30x30" in note and "28x28" in note and "--size" in note
    assert notes(size=30) == notes(size=28) == notes(max_size=16) == []


def test_what_was_packed_at_another_size_is_packed_anew(tmp_path: Path, encode) -> None:
    """Squares of 30 pixels were once packed at their own size."""
    (tmp_path / "a.png").write_bytes(encode(np.zeros((30, 30), np.uint8)))
    entry = Pictures(source=str(tmp_path)).open().path
    record = json.loads((entry / "record.json").read_text()) | {"size": 30}
    (entry / "record.json").write_text(json.dumps(record))
    np.save(entry / "pictures.npy", np.zeros((1, 1, 30, 30), np.uint8))
    again = Pictures(source=str(tmp_path)).open()
    assert again.path == entry and again.sample_shape == (1, 28, 28)


def test_fixed_networks_refuse_other_pictures_unless_asked(ramps, monkeypatch) -> None:
    source, _ = ramps
    for _ in range(2):
        with pytest.raises(Refused) as refusal:
            Pictures(source=source, expects=(28, 1)).open()
        assert str(refusal.value) == (
            f"{source} holds colour pictures of 12x12 pixels, and this recipe was written for grey ones of 28x28: "
            "add --size 28 to convert them, or train folder, which fits any pictures"
        )
        Pictures(source=source).open()  # now the cache has them: the refusal stays
    assert Pictures(source=source, size=28, channels=1).open().sample_shape == (1, 28, 28)
    assert Pictures(source=source, expects=(12, 3)).open().sample_shape == (3, 12, 12)


def test_mixed_sizes_are_named_in_the_refusal(horrible: Path) -> None:
    with pytest.raises(Refused, match="[0-9]+ sizes, 48 pixels"):
        Pictures(source=str(horrible), expects=(28, 1)).open()


@pytest.mark.parametrize(
    ("field", "value"), [("size", 2), ("max_size", 4), ("limit", 0), ("range", (1.0, -1.0)), ("source", None)]
)
def test_fields_that_cannot_be(field: str, value: object) -> None:
    with pytest.raises(Refused, match=f"data.{field}=|give --data SOURCE"):
        Pictures(**{field: value}).open()  # pyright: ignore[reportArgumentType]


def test_packing_needs_memory_for_a_few_pictures_only(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((6_000, 32, 32, 3), np.uint8))  # 18 MB
    tracemalloc.start()
    try:
        opened = Pictures(source=str(tmp_path / "x.npy")).open()
        assert opened.length == 6_000 and tracemalloc.get_traced_memory()[1] < 8e6
    finally:
        tracemalloc.stop()


def test_other_filters_see_every_pixel_of_a_large_jpeg(tmp_path: Path, encode) -> None:
    """By default such a file is decoded at a reduced scale."""
    stored = encode(np.random.default_rng(0).integers(0, 256, (128, 128), dtype=np.uint8), "JPEG")
    (tmp_path / "a.jpg").write_bytes(stored)
    resized = Image.open(io.BytesIO(stored)).resize((8, 8), Image.Resampling.BILINEAR)
    opened = Pictures(source=str(tmp_path), size=8, resample="bilinear", range=(0, 255)).open()
    np.testing.assert_array_equal(opened.gather(np.arange(1), some_random()).real[0, 0], resized)
