"""`data check` and `data pack` take the fields that `train` takes."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def icons(here: Path) -> Path:
    """White crosses on transparency, in files of two frames."""
    folder = here / "icons"
    folder.mkdir()
    for place in range(12):
        pixels = np.zeros((12, 12, 4), np.uint8)
        pixels[place % 12], pixels[:, 5] = 255, 255
        image = Image.fromarray(pixels)
        image.save(folder / f"{place}.tif", save_all=True, append_images=[image.rotate(90)])
    return folder


@pytest.mark.parametrize(
    "changes",
    [
        "",
        "--size 8",
        "--size 8x12",
        "--set data.ground=#2040ff --set data.frames=all",
        "--set data.resample=nearest --set data.size=8 --set data.fit=pad",
        "--set data.limit=5 --set data.channels=3",
    ],
)
def test_what_is_checked_is_what_is_packed(call: Callable, icons: Path, changes: str) -> None:
    record = json.loads(call("data", "check", icons, *changes.split(), "--json").out)
    packed = call("data", "pack", icons, *changes.split()).out.splitlines()
    assert packed[:-1] == call("data", "check", icons, *changes.split()).out.splitlines()
    pixels = np.load(Path(packed[-1].removeprefix("packed at ")) / "pictures.npy")
    sides = [int(side) for side in str(record["size"]).split("x")]
    assert pixels.shape == (record["count"], record["channels"], sides[0], sides[-1])


@pytest.mark.parametrize("verb", ["check", "pack"])
def test_a_mixture_has_no_files(refused: Callable, verb: str) -> None:
    assert "honmono show gan-grid" in refused("data", verb, "grid")


@pytest.mark.parametrize("change", ["training.steps=3", "data.source=x", "data.grond=red", "data.size=axb", "ground"])
def test_other_fields_are_refused(refused: Callable, icons: Path, change: str) -> None:
    assert change.partition("=")[0] in refused("data", "check", icons, "--set", change)
