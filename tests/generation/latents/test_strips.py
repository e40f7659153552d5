"""The page of `honmono directions`, and the directions beside it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honmono.errors import Refused
from honmono.generation.latents.directions import closed_form
from honmono.generation.latents.saved import latent_shape
from honmono.generation.latents.strips import write_directions
from honmono.generation.load import TrainedRun


def test_a_page_of_strips_and_its_directions(digits: TrainedRun, tmp_path: Path, read_html: Any) -> None:
    page, file = write_directions(digits, tmp_path / "new" / "found.html", num=2, label="3", seed=1)
    document = read_html(page.read_text(encoding="utf-8"))
    assert len(document.sources) == 4 and all(one.startswith("data:image/png;base64,") for one in document.sources)
    assert "sefa 2" in document.text and "pca 1" in document.text
    kept = json.loads(file.read_text())["directions"]
    assert [one["method"] for one in kept] == ["sefa", "pca"]
    np.testing.assert_array_equal(np.array(kept[0]["vectors"], np.float32), closed_form(digits.model, 2).vectors)
    assert np.array(kept[1]["vectors"]).shape == (2, *latent_shape(digits.model)) and len(kept[1]["strengths"]) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"out": Path("page.png")}, "give a .html file"),
        ({"reach": 0.0}, "--reach 0"),
        ({"methods": ["svd"]}, "--method svd"),
        ({"label": "ten"}, "no such class"),
    ],
)
def test_what_is_refused(digits: TrainedRun, options: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        write_directions(digits, **options)
    assert not (digits.run.path / "directions.html").exists()
