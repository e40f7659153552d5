from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from honmono.data.pictures import Pictures


COLOURS = np.array([[20, 20, 40], [200, 60, 60], [240, 220, 90], [60, 160, 80], [90, 90, 220]], np.uint8)


def sprites(folder: Path, number: int = 12, side: int = 16, mode: str = "RGB") -> Path:
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    for place in range(number):
        image = Image.fromarray(COLOURS[random.integers(5, size=(side, side))]).convert("RGBA")
        if mode == "RGBA":
            ImageDraw.Draw(image).rectangle((0, 0, 3, 3), fill=(9, 9, 9, 0))
        image.convert(mode).save(folder / f"{place}.png")
    return folder


def packed(source: Path, **fields) -> tuple[np.ndarray, dict]:
    opened = Pictures(source=str(source), range=(0, 255), **fields).open()
    assert opened.length is not None
    return opened.gather(np.arange(opened.length), np.random.default_rng(0)).real.numpy(), opened.record


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [32, "24x40", 8])
def test_pixel_art_keeps_its_colours(tmp_path: Path, mode: str, size: int | str) -> None:
    found, record = packed(sprites(tmp_path / "sprites", mode=mode), size=size)
    known = {tuple(colour) for colour in COLOURS.tolist()} | {(255, 255, 255)}
    assert {tuple(map(int, colour)) for colour in found.transpose(0, 2, 3, 1).reshape(-1, 3)} <= known
    assert record["resample"] == "nearest" and any("data.resample" in note for note in record["notes"])


def test_pictures_of_their_own_size_are_not_looked_at(tmp_path: Path) -> None:
    _, record = packed(sprites(tmp_path / "sprites"))
    assert record["size"] == 16 and record["resample"] == "lanczos"


def test_other_pictures_are_smoothed(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    kinds = {
        "noise": lambda: random.integers(256, size=(24, 24, 3), dtype=np.uint8),
        "digits": lambda: random.integers(17, size=(8, 8), dtype=np.uint8) * 15,
        "drawing": lambda: np.where(random.integers(2, size=(24, 24)), 255, 0).astype(np.uint8),
        "large": lambda: COLOURS[random.integers(5, size=(10, 10))].repeat(20, 0).repeat(20, 1),
    }
    for name, make in kinds.items():
        (tmp_path / name).mkdir()
        for place in range(6):
            Image.fromarray(make()).save(tmp_path / name / f"{place}.png")
    smoothed = {name for name in kinds if packed(tmp_path / name, size=16)[1]["resample"] == "lanczos"}
    assert smoothed == {"noise", "digits", "drawing", "large"}


def test_the_filter_can_be_chosen(tmp_path: Path) -> None:
    folder = sprites(tmp_path / "sprites")
    smooth, record = packed(folder, size=32, resample="lanczos")
    assert record["resample"] == "lanczos" and len(np.unique(smooth)) > 50
