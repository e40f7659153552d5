"""Samples as files: grids, directories, arrays and films; refusals leave nothing behind."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from honmono.data.base import Interface
from honmono.errors import Refused
from honmono.generation.interpolate import slerp, walk, write_interpolation
from honmono.generation.load import TrainedRun
from honmono.generation.write import write_samples
from honmono.randomness import stream
from honmono.recipe.build import build_networks
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.runs.directory import RunDirectory
from honmono.runs.images import grid


DIGITS = Interface((1, 8, 8), tuple("0123456789"))


def run_of(name: str, path: Path, interface: Interface, **changes: str) -> TrainedRun:
    """A run of an untrained generator: its files are made like any other's."""
    recipe = override(find(name).make(), {**find(name).tiny, **changes})
    generator, _ = build_networks(recipe, interface)
    return TrainedRun(RunDirectory(path), recipe, interface, generator, 0)


@pytest.fixture
def digits(tmp_path: Path) -> TrainedRun:
    return run_of("dcgan-digits", tmp_path / "run", DIGITS)


@pytest.fixture
def points(tmp_path: Path) -> TrainedRun:
    return run_of("gan-grid", tmp_path / "run", Interface((2,), ()), **{"data.samples": "100"})


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize("asked", [{}, {"label": "3"}, {"seed": 4}, {"truncation": 0.5}])
def test_raw_samples_are_those_of_sample(digits: TrainedRun, asked: dict[str, Any], tmp_path: Path) -> None:
    out = write_samples(digits, 21, tmp_path / "deep" / "raw.npy", raw=True, **asked)
    array = np.load(out)
    assert array.dtype == np.float32 and array.shape == (21, 1, 8, 8)
    np.testing.assert_array_equal(array, digits.sample(21, **asked).numpy())


def test_without_a_name_the_files_go_into_the_run(digits: TrainedRun, points: TrainedRun) -> None:
    assert write_samples(digits, 3) == digits.run.path / "samples.png"
    assert write_samples(digits, 3, raw=True) == digits.run.path / "samples.npy"
    assert write_samples(digits, 1_025) == digits.run.path / "samples-1025"
    assert sum(path.suffix == ".png" for path in (digits.run.path / "samples-1025").rglob("*")) == 1_025
    assert write_interpolation(digits) == digits.run.path / "interpolation.gif"


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


def test_a_directory_of_one_class_and_of_colours_without_classes(digits: TrainedRun, tmp_path: Path) -> None:
    threes = write_samples(digits, 9, tmp_path / "threes", label="3")
    assert Counter(path.parent.name for path in threes.rglob("*.png")) == {"3": 9}
    colour = run_of("dcgan-folder", tmp_path / "run", Interface((3, 16, 16), ("cat", "dog")))
    out = write_samples(colour, 5, tmp_path / "colour")
    assert sorted(path.name for path in out.iterdir()) == [f"{number:06d}.png" for number in range(5)]
    np.testing.assert_array_equal(pixels(out / "000004.png"), colour.pictures(5)[4].transpose(1, 2, 0))


def test_a_directory_s_name_may_hold_a_dot(digits: TrainedRun, tmp_path: Path) -> None:
    out = write_samples(digits, 3, tmp_path / "samples-v1.0")
    assert out.is_dir() and sum(path.suffix == ".png" for path in out.rglob("*")) == 3


def test_the_folders_of_classes_stay_within_the_directory(digits: TrainedRun, tmp_path: Path) -> None:
    names = ("..", ".", "../up", "/root", "a\\b", "猫", "")
    strange = run_of("dcgan-digits", tmp_path / "run", Interface((1, 8, 8), names))
    out = write_samples(strange, 7, tmp_path / "in" / "samples")
    folders = {path.name for path in out.iterdir()}
    assert folders == {"class-0", "class-1", "..-up", "-root", "a-b", "猫", "class-6"}
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["samples"]


def test_a_directory_that_holds_something_is_never_written_into(digits: TrainedRun, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    (tmp_path / "file").touch()
    for name in ("mine", "file"):
        with pytest.raises(Refused, match="holds something already; name a new directory"):
            write_samples(digits, 3, tmp_path / name)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("out", "asked", "message"),
    [
        *((f"a{suffix}", {}, "a .png for one picture") for suffix in (".jpg", ".JPEG", ".gif", ".webp", ".PNG")),
        ("a.npy", {}, "with --raw a .npy"),
        ("a.png", {"raw": True}, "--raw writes a .npy file"),
        ("a", {"raw": True}, "--raw writes a .npy file"),
        ("a.png", {"num": 1_025}, "a picture holds at most 1024 samples: take --raw, or give --out a directory"),
        ("a.png", {"num": 0}, "at least one sample"),
        ("a.npy", {"num": 0, "raw": True}, "at least one sample"),
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
    assert np.load(write_samples(points, 20, tmp_path / "points.npy", raw=True)).shape == (20, 2)
    with pytest.raises(Refused, match="at most 100000 samples: take --raw$"):
        write_samples(points, 100_001)
    with pytest.raises(Refused, match="a .png for one picture, or with --raw a .npy$"):
        write_samples(points, 20, tmp_path / "points")
    with pytest.raises(Refused, match="makes films of pictures"):
        write_interpolation(points, tmp_path / "points.gif")


def frames(path: Path) -> list[np.ndarray]:
    shown = []
    with Image.open(path) as film:
        for place in range(getattr(film, "n_frames", 1)):
            film.seek(place)
            shown.append(np.asarray(film.convert("RGB")).astype(int))
    return shown


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_interpolation_is_a_film_that_ends_where_it_begins(digits: TrainedRun, tmp_path: Path, suffix: str) -> None:
    torch.nn.init.normal_(digits.raw_generator.get_parameter("project.weight"))  # untrained ones hardly move
    shown = frames(write_interpolation(digits, tmp_path / f"film{suffix}", seed=1))
    assert len(shown) == 6 * 12
    steps = [np.abs(here - there).mean() for here, there in zip(shown, shown[1:] + shown[:1], strict=True)]
    assert min(steps) > 0 and max(steps) < 3 * np.median(steps)  # no jump, not even from the last frame to the first


def test_a_film_holds_its_labels_whatever_their_number(tmp_path: Path) -> None:
    for classes in (("one",), tuple(map(str, range(17)))):
        trained = run_of("dcgan-digits", tmp_path / "run", Interface((1, 8, 8), classes))
        assert write_interpolation(trained, tmp_path / f"{len(classes)}.gif").exists()


@pytest.mark.parametrize(
    ("classes", "stops"), [((3,), 6), ((3, 7), 6), ((3, 7, 1), 6), ((9, 0, 5, 2), 8), (tuple(range(10)), 10)]
)
def test_a_film_through_classes_changes_them_halfway_on_one_path(
    digits: TrainedRun, classes: tuple[int, ...], stops: int
) -> None:
    shown = torch.stack([*walk(digits, 5, classes, seed=1)])
    assert len(shown) == stops * 12
    latents = [digits.recipe.latent.draw(stream(1, "interpolate", stop), 5) for stop in range(stops)]
    for stop, here in enumerate(latents):
        one, following = (np.full(5, classes[place % len(classes)]) for place in (stop, stop + 1))
        there = latents[(stop + 1) % stops]
        for step, share, label in ((0, 0.0, one), (5, 5 / 12, one), (6, 0.5, following), (11, 11 / 12, following)):
            expected = digits.at(slerp(here, there, share), label)
            torch.testing.assert_close(shown[12 * stop + step], expected, rtol=0, atol=1e-5)


def test_a_film_of_one_class_or_of_several(digits: TrainedRun, tmp_path: Path) -> None:
    one = frames(write_interpolation(digits, tmp_path / "one.gif", label="4"))
    several = frames(write_interpolation(digits, tmp_path / "several.gif", labels=["4", "5", "6", "7"]))
    assert (len(one), len(several)) == (6 * 12, 8 * 12) and one[0].shape == several[0].shape
    np.testing.assert_allclose(one[0], several[0], atol=8)  # a film's colours are few


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"label": "4", "labels": ["4", "5"]}, "--label is for a film of one class, --labels for one of several"),
        ({"labels": ["4"]}, "--labels 4: name two classes or more"),
        ({"labels": ["4", "eleven"]}, "--label eleven: no such class"),
        ({"label": ""}, "no such class"),
    ],
)
def test_a_film_of_unclear_classes_is_refused(
    digits: TrainedRun, tmp_path: Path, asked: dict[str, Any], line: str
) -> None:
    with pytest.raises(Refused, match=line):
        write_interpolation(digits, tmp_path / "film.gif", **asked)
    assert [*tmp_path.iterdir()] == []


def test_a_film_is_refused_before_it_is_made(digits: TrainedRun, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="a film ends in .gif or .webp"):
        write_interpolation(digits, tmp_path / "film.mp4")
    assert [*tmp_path.iterdir()] == []


def test_spherical_interpolation_keeps_lengths_and_both_ends() -> None:
    here, there = np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 2.0], [1.0, 0.0]])
    np.testing.assert_allclose(slerp(here, there, 0.0), here, atol=1e-12)
    np.testing.assert_allclose(slerp(here, there, 1.0), there, atol=1e-12)
    np.testing.assert_allclose(slerp(here, there, 0.5), [[2**0.5, 2**0.5], [0.5**0.5, 0.5**0.5]])
    np.testing.assert_allclose(np.linalg.norm(slerp(here, there, 0.3), axis=1), [2, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_and_opposite_directions_are_joined_by_a_straight_line(dtype: type) -> None:
    here = np.array([[3.0, 4.0], [3.0, 4.0], [0.1, 0.2], [1.0, 2.0]], dtype)
    there = np.array([[3.0, 4.0], [6.0, 8.0], [0.1, 0.20001], [-2.0, -4.0]], dtype)
    for share in (0.0, 0.25, 1.0):
        np.testing.assert_allclose(slerp(here, there, share), here + share * (there - here), atol=1e-6)
    one = slerp(np.array([[1.0], [2.0], [-1.0]], dtype), np.array([[2.0], [-2.0], [-1.0]], dtype), 0.5)
    np.testing.assert_allclose(one, [[1.5], [0.0], [-1.0]], atol=1e-6)


def test_the_range_of_the_data_says_what_is_black_and_white(digits: TrainedRun) -> None:
    wide = replace(digits, recipe=override(digits.recipe, {"data.range": "(-1, 3)"}))  # then 0.0 is 64, not 128
    np.testing.assert_allclose(wide.pictures(8), digits.pictures(8) / 2, atol=1)
