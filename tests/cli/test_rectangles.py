"""Pictures that are no squares, from the command's first word about them to their evaluation."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file


SMALL = "--size 48x64 --batch-size 8 --device cpu --precision fp32 --compile off --set metrics=()".split()
SMALL += "--set generator.width=4 --set discriminator.width=4 --set training.sample_every=2".split()


@pytest.fixture
def wide(here: Path) -> Path:
    """160 pictures, 64 pixels wide and 48 high, red on the left and yellow on the right."""
    folder = here / "wide"
    folder.mkdir()
    for place in range(160):
        pixels = np.zeros((48, 64, 3), np.uint8)
        pixels[:, :8], pixels[:, -8:] = (255, 20, 20), (240, 240, 20)
        pixels[place % 40 :, 20 + place // 40 : 30] = (90, 150, 255)
        Image.fromarray(pixels).save(folder / f"{place:03}.png")
    return folder


def pixels(path: str | Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def weights(run: str) -> dict[str, np.ndarray]:
    newest = max(Path(run, "checkpoints").iterdir())
    return {
        f"{file.name}:{name}": held for file in newest.glob("*.safetensors") for name, held in load_file(file).items()
    }


def test_what_is_cut_off_is_said_with_the_size_that_keeps_it(call: Callable, wide: Path) -> None:
    said = call("data", "check", wide).out
    assert "become  3x32x32" in said and "48x48, is kept (--size 48x64" in said
    said = call("data", "check", wide, "--size", "48x64").out
    assert "become  3x48x64" in said and "is kept" not in said
    assert "is kept" not in call("data", "check", wide, "--set", "data.fit=pad").out


@pytest.mark.parametrize("recipe", ["folder", "dcgan-folder"])
def test_rectangles_are_trained_resumed_sampled_and_measured(call: Callable, wide: Path, recipe: str) -> None:
    for run, steps in (("whole", 4), ("parts", 2)):
        assert call("train", recipe, "--data", wide, "--run", run, "--steps", steps, *SMALL).code == 0
    assert call("train", "--resume", "parts", "--steps", 4).code == 0
    whole, parts = weights("whole"), weights("parts")
    assert whole.keys() == parts.keys() and all(np.array_equal(whole[name], parts[name]) for name in whole)

    real = pixels("whole/samples/real.png")
    assert pixels("whole/samples/000000004.png").shape == real.shape == (2 + real.shape[0] // 50 * 50, 2 + 8 * 66, 3)
    assert real[2, 2].tolist() == [255, 20, 20] and real[2, 65].tolist() == [240, 240, 20]
    assert call("sample", "whole", "--num", 3, "--out", "made").code == 0
    assert [pixels(path).shape for path in sorted(Path("made").iterdir())] == [(48, 64, 3)] * 3
    said = call("evaluate", "whole", "--metrics", "fid[cifar10]", "--num", 150)
    assert said.code == 0 and "48x64 -> 32" in Path("whole/metrics.jsonl").read_text()


def test_networks_for_squares_name_those_that_can(call: Callable, wide: Path) -> None:
    said = call("train", "pggan-folder", "--data", wide, "--size", "48x64", "--run", "run", "--steps", 1)
    assert said.code == 2 and "folder" in said.err.splitlines()[-1] and not Path("run").exists()
