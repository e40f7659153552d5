"""Samples as files: grids, directories, arrays and films; refusals leave nothing behind."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import honmono
from honmono.data.base import DataSpec
from honmono.errors import Refused
from honmono.generation.interpolate import write_interpolation
from honmono.generation.load import TrainedRun
from honmono.generation.write import write_samples
from honmono.recipe.override import override
from honmono.runs.images import grid, save_picture


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize("asked", [{}, {"label": "3"}, {"seed": 4}, {"truncation": 0.5}])
def test_raw_samples_are_those_of_sample(digits: TrainedRun, asked: dict[str, Any], tmp_path: Path) -> None:
    out = write_samples(digits, 21, tmp_path / "deep" / "raw.npy", raw=True, **asked)
    array = np.load(out)
    assert array.dtype == np.float32 and array.shape == (21, 1, 8, 8)
    np.testing.assert_array_equal(array, digits.sample(21, **asked).numpy())


@pytest.mark.parametrize(
    ("verb", "ending"),
    [("sample", ".png"), ("interpolate", ".gif"), ("directions", ".html"), ("project", ".png")],
)
def test_paths_may_be_texts_and_a_run_its_directory(digits: TrainedRun, verb: str, ending: str, tmp_path: Path) -> None:
    folder = str(honmono.export(digits, "safetensors", str(tmp_path / "exported")))
    save_picture(grid(digits.pictures(1), 1), tmp_path / "own.png")
    given, options = ([str(tmp_path / "own.png")], {"steps": 2}) if verb == "project" else ([], {})
    one, other = tmp_path / "one" / f"out{ending}", tmp_path / "other" / f"out{ending}"
    getattr(honmono, verb)(honmono.load(folder), *given, out=one, **options)
    getattr(honmono, verb)(folder, *given, out=str(other), **options)
    assert one.read_bytes() == other.read_bytes()


def test_without_a_name_the_files_go_into_the_run(digits: TrainedRun, points: TrainedRun) -> None:
    assert write_samples(digits, 3) == digits.run.path / "samples.png"
    assert write_samples(digits, 3, raw=True) == digits.run.path / "samples.npy"
    assert write_samples(digits, 1_025) == digits.run.path / "samples-1025"
    assert sum(path.suffix == ".png" for path in (digits.run.path / "samples-1025").rglob("*")) == 1_025
    assert write_interpolation(digits) == digits.run.path / "interpolation.gif"


@pytest.mark.parametrize(("ending", "off"), [(".PNG", 0), (".webp", 0), (".jpg", 3), (".JPEG", 3)])
def test_other_formats_hold_the_same_picture(digits: TrainedRun, tmp_path: Path, ending: str, off: float) -> None:
    expected = pixels(write_samples(digits, 8, tmp_path / "a.png")).astype(int)
    with Image.open(write_samples(digits, 8, tmp_path / f"b{ending}")) as picture:
        assert picture.format == {".webp": "WEBP", ".PNG": "PNG"}.get(ending, "JPEG")
        assert np.abs(np.asarray(picture.convert("L")).astype(int) - expected).mean() <= off


def test_a_grid_has_a_column_for_each_class(digits: TrainedRun, tmp_path: Path) -> None:
    every = pixels(write_samples(digits, 30, tmp_path / "every.png"))
    np.testing.assert_array_equal(every, grid(digits.pictures(30), 10))
    one = pixels(write_samples(digits, 30, tmp_path / "one.png", label="1"))
    np.testing.assert_array_equal(one, grid(digits.pictures(30, label="1"), 8))
    many = pixels(write_samples(digits, 65, tmp_path / "many.png", label="1"))
    np.testing.assert_array_equal(many, grid(digits.pictures(65, label="1"), 32))


def test_a_directory_holds_a_folder_of_pictures_for_each_class(digits: TrainedRun, tmp_path: Path) -> None:
    out = write_samples(digits, 23, tmp_path / "samples")
    files = sorted(out.rglob("*.png"), key=lambda path: path.name)
    assert [path.stem for path in files] == [f"{number:06d}" for number in range(23)]
    assert [path.parent.name for path in files] == [str(number % 10) for number in range(23)]
    for path, picture in zip(files, digits.pictures(23), strict=True):
        np.testing.assert_array_equal(pixels(path), picture[0])


def test_a_directory_of_one_class_and_of_colours_without_classes(
    untrained: Callable[..., TrainedRun], digits: TrainedRun, tmp_path: Path
) -> None:
    threes = write_samples(digits, 9, tmp_path / "threes", label="3")
    assert Counter(path.parent.name for path in threes.rglob("*.png")) == {"3": 9}
    colour = untrained("dcgan-folder", tmp_path / "run", DataSpec((3, 16, 16), ("cat", "dog")))
    out = write_samples(colour, 5, tmp_path / "colour")
    assert sorted(path.name for path in out.iterdir()) == [f"{number:06d}.png" for number in range(5)]
    np.testing.assert_array_equal(pixels(out / "000004.png"), colour.pictures(5)[4].transpose(1, 2, 0))


def test_a_directory_s_name_may_hold_a_dot(digits: TrainedRun, tmp_path: Path) -> None:
    out = write_samples(digits, 3, tmp_path / "samples-v1.0")
    assert out.is_dir() and sum(path.suffix == ".png" for path in out.rglob("*")) == 3


def test_the_folders_of_classes_stay_within_the_directory(untrained: Callable[..., TrainedRun], tmp_path: Path) -> None:
    names = ("..", ".", "../up", "/root", "a\\b", "猫", "")
    strange = untrained("dcgan-digits", tmp_path / "run", DataSpec((1, 8, 8), names))
    out = write_samples(strange, 7, tmp_path / "in" / "samples")
    folders = {path.name for path in out.iterdir()}
    assert folders == {"class-0", "class-1", "..-up", "-root", "a-b", "猫", "class-6"}
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["samples"]


def test_a_directory_that_holds_something_is_never_written_into(digits: TrainedRun, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    (tmp_path / "file").touch()
    for name in ("mine", "file"):
        with pytest.raises(Refused, match="not empty"):
            write_samples(digits, 3, tmp_path / name)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("out", "asked", "message"),
    [
        *((f"a{suffix}", {}, "a .png, .jpg or .webp file") for suffix in (".gif", ".BMP", ".mp4")),
        ("a.npy", {}, "a .npy file with --raw"),
        ("a.png", {"raw": True}, "give a .npy file with --raw"),
        ("a", {"raw": True}, "give a .npy file with --raw"),
        (
            "a.png",
            {"num": 1_025},
            "--num 1025: a picture has at most 1024 samples: use --raw, or give a directory as --out",
        ),
        ("a.png", {"num": 0}, "--num 0: "),
        ("a.npy", {"num": 0, "raw": True}, "--num 0: "),
        ("a.png", {"label": "ten"}, "no such class"),
        ("a", {"label": "ten"}, "no such class"),
        ("a.npy", {"label": "ten", "raw": True}, "no such class"),
        ("a.png", {"truncation": -1.0}, "--truncation -1.0"),
        ("a", {"truncation": -1.0}, "--truncation -1.0"),
    ],
)
def test_refusals_leave_nothing_behind(
    digits: TrainedRun, tmp_path: Path, out: str, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(Refused, match=message) as refusal:
        write_samples(digits, **{"num": 3, **asked}, out=tmp_path / "new" / out)
    assert "\n" not in str(refusal.value) and [*tmp_path.iterdir()] == []


def test_points_are_scattered_or_raw(points: TrainedRun, tmp_path: Path) -> None:
    assert pixels(write_samples(points, 2_000, tmp_path / "points.png")).ndim == 3
    with Image.open(write_samples(points, 20, tmp_path / "points.jpg")) as picture:
        assert picture.format == "JPEG"
    assert np.load(write_samples(points, 20, tmp_path / "points.npy", raw=True)).shape == (20, 2)
    with pytest.raises(Refused, match="at most 100000 samples: use --raw$"):
        write_samples(points, 100_001)
    with pytest.raises(Refused, match="^--out .*--raw$"):
        write_samples(points, 20, tmp_path / "points")


def test_the_range_of_the_data_says_what_is_black_and_white(digits: TrainedRun) -> None:
    recipe = override(digits.recipe, {"data.range": "(-1, 3)"})  # then 0.0 is 64, not 128
    wide = replace(digits, model=replace(digits.model, recipe=recipe))
    np.testing.assert_allclose(wide.pictures(8), digits.pictures(8) / 2, atol=1)
