"""Films: frames in order, of one size, long enough to be seen."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from honmono.errors import Refused
from honmono.reports.figures.film import film, frames


def picture(level: int, size: int = 16, channels: int = 1) -> Image.Image:
    pixels = np.full((size, size, channels), level, np.uint8)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def samples(root: Path, levels: list[int], **kind: int) -> list[Path]:
    for place, level in enumerate(levels):
        picture(level, **kind).save(root / f"{place * 500:09d}.png")
    return frames(root)


def shown(path: Path) -> tuple[list[int], list[int], tuple[int, int]]:
    """The level, the milliseconds of each frame, and the size."""
    levels, durations = [], []
    with Image.open(path) as opened:
        for place in range(getattr(opened, "n_frames", 1)):
            opened.seek(place)
            opened.load()
            levels.append(int(np.asarray(opened.convert("L"))[8, 8]))
            durations.append(int(opened.info["duration"]))
        assert opened.info["loop"] == 0
        return levels, durations, opened.size


def test_only_steps_are_frames_and_in_their_order(tmp_path: Path) -> None:
    for name in ("000001000.png", "000000500.png", "real.png", "000000500.txt", "12.png"):
        (tmp_path / name).touch()
    assert [path.name for path in frames(tmp_path)] == ["000000500.png", "000001000.png"]


@pytest.mark.parametrize("suffix", ["gif", "webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_film_shows_every_picture_and_rests_on_the_last(tmp_path: Path, suffix: str, channels: int) -> None:
    pictures = samples(tmp_path, [0, 60, 120, 180, 240], channels=channels)
    film(pictures, tmp_path / f"film.{suffix}")
    levels, durations, size = shown(tmp_path / f"film.{suffix}")
    np.testing.assert_allclose(levels, [0, 60, 120, 180, 240], atol=3)  # webp loses a little
    assert durations == [250, 250, 250, 250, 1500]
    assert size == (16, 16)


def test_a_long_run_is_thinned_out_evenly(tmp_path: Path) -> None:
    pictures = samples(tmp_path, [place % 256 for place in range(401)])
    film(pictures, tmp_path / "film.gif")
    levels, durations, _ = shown(tmp_path / "film.gif")
    assert len(levels) == 200 and levels[0] == 0 and levels[-1] == 400 % 256
    assert durations[0] == 40


def test_pictures_from_before_a_network_grew_are_enlarged(tmp_path: Path) -> None:
    picture(10, size=8).save(tmp_path / "000000001.png")
    picture(200, size=32).save(tmp_path / "000000002.png")
    film(frames(tmp_path), tmp_path / "film.gif")
    levels, _, size = shown(tmp_path / "film.gif")
    assert levels == [10, 200] and size == (32, 32)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="^'film.mp4' .* .gif or .webp"):
        film(samples(tmp_path, [0, 1]), tmp_path / "film.mp4")
