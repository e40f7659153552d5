"""Pictures whose transparency is learned: a fourth channel from the files to the samples."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw


@pytest.fixture
def icons(here: Path) -> Path:
    """150 discs, white and black, each at another place."""
    folder = here / "icons"
    folder.mkdir()
    for place in range(150):
        image = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
        left, top = place % 10, place // 10 % 10
        ImageDraw.Draw(image).ellipse((left, top, left + 6, top + 6), fill=("white", "black")[place > 75])
        image.save(folder / f"{place}.png")
    return folder


def opened(path: str | Path) -> tuple[str, np.ndarray]:
    with Image.open(path) as image:
        return image.mode, np.asarray(image)


def test_samples_are_transparent_wherever_they_are_written(call: Callable, icons: Path) -> None:
    small = "--steps 2 --batch-size 8 --device cpu --precision fp32 --compile off --run run --set metrics=()".split()
    small += "--set generator.width=4 --set discriminator.width=4 --set data.ground=alpha".split()
    assert call("train", "--data", icons, *small).code == 0
    assert call("train", "--resume", "run", "--steps", 4).code == 0
    mode, real = opened("run/samples/real.png")
    assert mode == "RGB" and {0, 102, 153, 255} == {*real.ravel().tolist()}  # black and white before greys
    for name, expected in (("a.png", "RGBA"), ("a.webp", "RGBA"), ("a.jpg", "RGB")):
        assert call("sample", "run", "--num", 4, "--out", name).code == 0 and opened(name)[0] == expected
    assert call("sample", "run", "--num", 3, "--out", "made").code == 0
    assert [opened(path)[1].shape for path in sorted(Path("made").iterdir())] == [(16, 16, 4)] * 3
    assert opened("a.png")[1][2:10, 2:10].reshape(-1, 4).tolist() != [[0, 0, 0, 0]] * 64
    said = call("evaluate", "run", "--metrics", "fid[cifar10]", "--num", 150)
    assert said.code == 0, said.err
