from pathlib import Path

import numpy as np
import pytest

from honmono.data.choose import suitable, with_source
from honmono.data.mixtures import Grid, Mixture
from honmono.data.pictures import Pictures
from honmono.data.points import Points
from honmono.errors import Refused


POINTS = np.array([[0.5, -1.0], [2.0, 3.25], [-4.0, 1e-3]], np.float32)


@pytest.fixture(params=["npy", "doubles", "whole numbers", "csv", "csv with names"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, np.ndarray]:
    path, points = tmp_path / "mine.npy", POINTS
    if request.param.startswith("csv"):
        path = tmp_path / "mine.csv"
        head = {"header": "x,y", "comments": ""} if "names" in request.param else {}
        np.savetxt(path, points, delimiter=",", **head)
    elif request.param == "whole numbers":
        points = np.array([[1, 2], [3, 4]])
        np.save(path, points)
    else:
        np.save(path, points.astype(np.float64) if request.param == "doubles" else points)
    return str(path), points


def test_own_points_go_to_the_recipes_of_points(written: tuple[str, np.ndarray]) -> None:
    source, points = written
    assert suitable(source)[0] == "gan-grid"
    data = with_source(Grid(limit=1), source, "gan-grid")
    assert data == Points(source=source, limit=1)
    opened = with_source(Grid(), source, "gan-grid").open()
    assert opened.sample_shape == (2,) and opened.length == len(points) and opened.classes == ()
    real = opened.gather(np.arange(len(points)), np.random.default_rng(0)).real.numpy()
    np.testing.assert_array_equal(real, points.astype(np.float32))
    assert data.open().fingerprint != opened.fingerprint == Points(source=source).open().fingerprint
    with pytest.raises(Refused, match="is points: train gan-grid on it"):
        with_source(Pictures(), source, "folder")


def test_points_may_be_exchanged_for_a_mixture(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", POINTS)
    assert isinstance(with_source(Points(source=str(tmp_path / "mine.npy")), "ring", "gan-grid"), Mixture)


def test_pictures_are_no_points(tmp_path: Path) -> None:
    np.save(tmp_path / "pictures.npy", np.zeros((3, 8, 8)))
    (tmp_path / "names.csv").write_text("file,class\na.png,cat\n")
    for name in ("pictures.npy", "names.csv"):
        assert suitable(str(tmp_path / name))[0] == "folder"
        with pytest.raises(Refused, match="trains on points .*train folder on them"):
            with_source(Grid(), str(tmp_path / name), "gan-grid")


@pytest.mark.parametrize("content", ["1,2\n3\n", "1,2\nnan,1\n", "1,2\nx,3\n"])
def test_tables_with_other_lines_are_refused_in_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "mine.csv").write_text(content)
    with pytest.raises(Refused) as refusal:
        Points(source=str(tmp_path / "mine.csv")).open()
    assert "mine.csv" in str(refusal.value) and "\n" not in str(refusal.value)
