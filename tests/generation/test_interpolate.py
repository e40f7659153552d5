"""Films from latent to latent."""

import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from honmono.data.base import DataSpec
from honmono.errors import Refused
from honmono.generation.interpolate import slerp, walk, write_interpolation
from honmono.generation.load import TrainedRun
from honmono.randomness import stream


def test_a_film_of_points_is_refused(points: TrainedRun, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="honmono plot"):
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


def test_an_mp4_holds_the_same_film(digits: TrainedRun, tmp_path: Path) -> None:
    import av

    torch.nn.init.normal_(digits.raw_generator.get_parameter("project.weight"))  # untrained ones hardly move
    expected = frames(write_interpolation(digits, tmp_path / "film.webp", seed=1))
    with av.open(write_interpolation(digits, tmp_path / "film.MP4", seed=1)) as film:
        stream = film.streams.video[0]
        shown = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(stream)]
        assert float(stream.average_rate or 0) == pytest.approx(1000 / 60, rel=1e-3)
    height, width, _ = expected[0].shape
    assert len(shown) == len(expected) == 72 and all(side % 2 == 0 for side in shown[0].shape[:2])
    for one, other in zip(shown, expected, strict=True):
        assert np.abs(one[:height, :width] - other).mean() < 4


def test_without_the_library_an_mp4_names_it(
    digits: TrainedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(Refused, match=r"pip install 'honmono\[video\]'"):
        write_interpolation(digits, tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()


def test_a_film_holds_its_labels_whatever_their_number(untrained: Callable[..., TrainedRun], tmp_path: Path) -> None:
    for classes in (("one",), tuple(map(str, range(17)))):
        trained = untrained("dcgan-digits", tmp_path / "run", DataSpec((1, 8, 8), classes))
        assert write_interpolation(trained, tmp_path / f"{len(classes)}.gif").exists()


@pytest.mark.parametrize(
    ("classes", "stops"), [((3,), 6), ((3, 7), 6), ((3, 7, 1), 6), ((9, 0, 5, 2), 8), (tuple(range(10)), 10)]
)
def test_a_film_through_classes_changes_them_halfway_on_one_path(
    digits: TrainedRun, classes: tuple[int, ...], stops: int
) -> None:
    shown = torch.stack([*walk(digits, 5, classes, seed=1)])
    assert len(shown) == stops * 12
    latents = [digits.recipe.latent.draw(stream(1, "interpolate", stop), 5, (1, 8, 8)) for stop in range(stops)]
    for stop, here in enumerate(latents):
        one, following = (np.full(5, classes[place % len(classes)]) for place in (stop, stop + 1))
        there = latents[(stop + 1) % stops]
        for step, share, label in ((0, 0.0, one), (5, 5 / 12, one), (6, 0.5, following), (11, 11 / 12, following)):
            expected = digits.at(slerp(here, there, share), label)
            torch.testing.assert_close(shown[12 * stop + step], expected, rtol=0, atol=1e-5)


def test_noise_keeps_its_length_on_the_way(untrained: Callable[..., TrainedRun], tmp_path: Path) -> None:
    flow = untrained("flow-mnist", tmp_path / "run", DataSpec((1, 8, 8), ("a", "b")))
    assert torch.stack([*islice(walk(flow, 3, seed=1), 2)]).shape == (2, 3, 1, 8, 8)
    here, there = (flow.recipe.latent.draw(stream(0, "z", end), 3, (1, 8, 8)) for end in (0, 1))
    norms = [np.linalg.norm(slerp(here, there, share).reshape(3, -1), axis=1) for share in (0.0, 0.5, 1.0)]
    np.testing.assert_allclose(norms[0], np.linalg.norm(here.reshape(3, -1), axis=1), rtol=1e-5)
    np.testing.assert_allclose(norms[1], (norms[0] + norms[2]) / 2, rtol=0.1)  # a mean is shorter by 30%


def test_a_film_of_one_class_or_of_several(digits: TrainedRun, tmp_path: Path) -> None:
    one = frames(write_interpolation(digits, tmp_path / "one.gif", label="4"))
    several = frames(write_interpolation(digits, tmp_path / "several.gif", labels=["4", "5", "6", "7"]))
    assert (len(one), len(several)) == (6 * 12, 8 * 12) and one[0].shape == several[0].shape
    np.testing.assert_allclose(one[0], several[0], atol=8)  # a film's colours are few


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"label": "4", "labels": ["4", "5"]}, "--label and --labels: "),
        ({"labels": ["4"]}, "--labels 4: "),
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
    with pytest.raises(Refused, match=".gif, .webp or .mp4"):
        write_interpolation(digits, tmp_path / "film.avi")
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
