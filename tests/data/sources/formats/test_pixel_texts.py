"""FER2013's table, as Kaggle hands it out."""

from pathlib import Path

import numpy as np
import pytest

from honmono.errors import Refused


def fer2013(pixels: np.ndarray, emotions: list[int], head: str = "emotion,pixels,Usage") -> str:
    usage = ["Training", "Training", "Training", "PublicTest", "PrivateTest"]
    order = {"emotion": emotions, "pixels": [" ".join(map(str, one.ravel())) for one in pixels], "Usage": usage}
    rows = zip(*(order[column.strip()] for column in head.split(",")), strict=True)
    return "\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.mark.parametrize("head", ["emotion,pixels,Usage", "emotion, Usage, pixels"])
def test_splits_are_the_usage_and_classes_the_emotions(tmp_path: Path, noise, seen, head: str) -> None:
    pixels = noise(5, 48, 48)
    path = tmp_path / "fer2013" / "fer2013.csv"
    path.parent.mkdir()
    path.write_text(fer2013(pixels, [0, 3, 3, 6, 4], head))
    for source in (path, path.parent):
        found = seen(source)
        np.testing.assert_array_equal(found.pixels, pixels[:3])
        assert found.labels == ["angry", "happy", "happy"]
        np.testing.assert_array_equal(seen(f"{source}@test").pixels, pixels[4:])
        assert seen(f"{source}@val").labels == ["neutral"]


def test_without_usage_or_labels_all_lines_are_pictures(tmp_path: Path, noise, seen) -> None:
    pixels = noise(3, 8, 8)
    lines = [" ".join(map(str, one.ravel())) for one in pixels]
    (tmp_path / "test.csv").write_text("pixels\n" + "\n".join(lines) + "\n")
    found = seen(tmp_path / "test.csv")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.classes == ()


def test_lines_of_several_lengths_are_refused(tmp_path: Path, seen) -> None:
    (tmp_path / "faces.csv").write_text("emotion,pixels\n0,1 2 3 4\n1,1 2 3\n")
    with pytest.raises(Refused, match="not squares of one size"):
        seen(tmp_path / "faces.csv")
