"""Tables of mixed styles: which layers come from where, and truncation towards the mean."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from honmono.data.base import DataSpec
from honmono.errors import Refused
from honmono.generation.latents.saved import write_latents
from honmono.generation.load import TrainedRun
from honmono.generation.mix import layers_of, style_generator, write_mix
from honmono.runs.images import GAP


Untrained = Callable[..., TrainedRun]


@pytest.fixture
def styled(untrained: Untrained, tmp_path: Path) -> TrainedRun:
    """A run whose pictures have six styles, of three classes."""
    return untrained("stylegan2-mnist", tmp_path / "run", DataSpec((1, 28, 28), ("a", "b", "c")))


def cells(path: Path, rows: int, columns: int) -> np.ndarray:
    """The pictures of a table, (rows + 1, columns + 1, 28, 28), at their own size."""
    shown = np.asarray(Image.open(path))[GAP:, GAP:]
    shown = shown.reshape(rows + 1, len(shown) // (rows + 1), columns + 1, -1).swapaxes(1, 2)
    pictures = shown[:, :, :-GAP, :-GAP]
    enlarged = pictures.shape[-1] // 28
    return pictures[:, :, ::enlarged, ::enlarged]


@pytest.mark.parametrize("truncation", [None, 0.6])
def test_cells_have_the_layers_of_both(styled: TrainedRun, tmp_path: Path, truncation: float | None) -> None:
    path = write_mix(
        styled, tmp_path / "new" / "mix.png", layers="2-3", rows=2, columns=3, seed=4, truncation=truncation
    )
    table = cells(path, 2, 3)
    samples = styled.pictures(5, seed=4, truncation=truncation)[:, 0]
    assert (table[0, 0] == 255).all()
    assert (table[0, 1:] == samples[:3]).all() and (table[1:, 0] == samples[3:]).all()
    generator, model = style_generator(styled.model), styled.model
    saved = styled.saved_latents(5, seed=4)
    labels = torch.tensor([0, 1, 2, 0, 1])
    generator.eval()
    with torch.no_grad():
        styles = generator.styles(torch.from_numpy(saved.latents), labels)
        if truncation is not None:
            styles = model.mean_styles[labels] + truncation * (styles - model.mean_styles[labels])
        mixed = styles[4].clone()
        mixed[2:4] = styles[1, 2:4]
        expected = model.pictures(generator.pictures(mixed[None]))[0, 0]
    assert np.abs(table[2, 2].astype(int) - expected).max() <= 1
    assert (table[2, 2] != table[2, 0]).any() and (table[2, 2] != table[0, 2]).any()


def test_all_layers_from_above_are_the_samples_above(styled: TrainedRun, tmp_path: Path) -> None:
    table = cells(write_mix(styled, tmp_path / "mix.png", layers="0-5", rows=2, columns=2), 2, 2)
    assert (table[1, 1:] == table[0, 1:]).all() and (table[2, 1:] == table[0, 1:]).all()


def test_a_class_and_saved_latents(styled: TrainedRun, tmp_path: Path) -> None:
    file = write_latents(styled.saved_latents(4, seed=9, label="b"), tmp_path / "four.json")
    written = write_mix(styled, tmp_path / "one.png", rows=2, columns=2, latents=file)
    drawn = write_mix(styled, tmp_path / "two.png", rows=2, columns=2, seed=9, label="b")
    assert (cells(written, 2, 2) == cells(drawn, 2, 2)).all()
    with pytest.raises(Refused, match="4 of the 10 latents"):
        write_mix(styled, tmp_path / "three.png", latents=file)


def test_a_truncation_moves_samples_to_the_mean_of_their_class(styled: TrainedRun) -> None:
    mean = styled.sample(6, truncation=0.0)
    assert torch.equal(mean[0], mean[3]) and not torch.equal(mean[0], mean[1])
    assert torch.equal(styled.sample(6, truncation=1.0), styled.sample(6))
    half, full = (styled.sample(30, truncation=psi) for psi in (0.5, None))
    assert half[::3].std(0).mean() < 0.8 * full[::3].std(0).mean()
    saved = styled.saved_latents(6, seed=2, truncation=0.5)
    torch.testing.assert_close(
        styled.sample(6, latents=saved, truncation=0.5), styled.sample(6, seed=2, truncation=0.5)
    )


@pytest.mark.parametrize(
    ("text", "number", "expected"),
    [
        ("coarse", 6, (0, 1)),
        ("middle", 6, (2, 3)),
        ("fine", 6, (4, 5)),
        ("coarse", 18, (0, 5)),
        ("fine", 4, (3, 3)),
        ("3", 6, (3, 3)),
        ("0-5", 6, (0, 5)),
    ],
)
def test_layers(text: str, number: int, expected: tuple[int, int]) -> None:
    assert layers_of(text, number) == expected


@pytest.mark.parametrize("text", ["6", "3-2", "0-6", "", "-1", "some", "1-"])
def test_other_layers_are_refused(text: str) -> None:
    with pytest.raises(Refused, match="--layers"):
        layers_of(text, 6)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"out": "mix.gif"}, "--out"),
        ({"rows": 0}, "--rows 0"),
        ({"columns": 65}, "--columns 65"),
        ({"truncation": -0.1}, "--truncation -0.1"),
        ({"truncation": float("nan")}, "--truncation nan"),
    ],
)
def test_wrong_calls(styled: TrainedRun, tmp_path: Path, asked: dict[str, Any], said: str) -> None:
    named = {**asked, "out": tmp_path / asked.get("out", "mix.png")}
    with pytest.raises(Refused, match=said):
        write_mix(styled, **named)


def test_generators_without_styles_are_refused(digits: TrainedRun, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="stylegan2-folder"):
        write_mix(digits, tmp_path / "mix.png")
