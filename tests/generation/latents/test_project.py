"""Projection of samples of generators whose answer is known, and of picture files."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.generation.latents.given_picture import read_picture, write_projection
from honmono.generation.latents.project import project
from honmono.generation.latents.saved import read_latents
from honmono.generation.load import TrainedRun


@pytest.fixture
def run(
    known: tuple[Tensor, np.ndarray], affine: Callable[..., nn.Module], run_with: Callable[..., TrainedRun]
) -> TrainedRun:
    return run_with(affine(known[0] / 2, labels=3), ("a", "b", "c"))


def test_a_sample_is_found_again_with_its_class(run: TrainedRun) -> None:
    torch.nn.init.normal_(run.raw_generator.get_parameter("embedding.weight"), std=0.2)
    latent = run.saved_latents(2, seed=7)
    target = run.sample(2, seed=7)[1:]
    found = project(run, target, seed=1, steps=300)
    torch.testing.assert_close(found.sample, target, rtol=0, atol=1e-3)
    np.testing.assert_allclose(found.latents.latents, latent.latents[1:], atol=0.02)
    assert found.latents.labels == ("b",) and found.features == "digits"
    assert found.error < 1e-3 and found.distance < 1e-3 * found.distance_before
    assert project(run, target, seed=1, steps=3, label="c").latents.labels == ("c",)


def test_a_file_is_projected_and_its_latent_is_kept(run: TrainedRun, tmp_path: Path) -> None:
    file, out = tmp_path / "given.png", tmp_path / "new" / "found.png"
    Image.fromarray(run.pictures(1, seed=4)[0, 0]).resize((16, 16), Image.Resampling.NEAREST).save(file)
    made, latent, found = write_projection(run, file, out, steps=20, seed=1)
    assert (made, latent) == (out, out.with_suffix(".json"))
    saved = json.loads(latent.read_text())
    assert saved["picture"] == "given.png" and saved["distance"] == found.distance
    again = run.sample(1, latents=read_latents(latent))
    torch.testing.assert_close(again, found.sample, rtol=0, atol=1e-5)
    with Image.open(made) as shown:
        assert shown.width > 2.5 * shown.height  # given, before, after


def test_a_picture_becomes_a_sample(run: TrainedRun, tmp_path: Path) -> None:
    colours = np.zeros((8, 8, 3), np.uint8)
    colours[:, 4:] = 255
    Image.fromarray(colours).save(tmp_path / "half.png")
    expected = torch.full((1, 1, 8, 8), -1.0)
    expected[..., 4:] = 1
    assert torch.equal(read_picture(tmp_path / "half.png", run.model), expected)


def test_what_is_refused(run: TrainedRun, points: TrainedRun, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    for path, said in (("text.png", "cannot be read as a picture"), ("none.png", "there is no such picture")):
        with pytest.raises(Refused, match=said):
            read_picture(tmp_path / path, run.model)
    with pytest.raises(Refused, match="generates points"):
        read_picture(tmp_path / "text.png", points.model)
    target = run.sample(1)
    with pytest.raises(Refused, match="--batch-norm running"):
        project(run.with_batch_norm("batch"), target)
    with pytest.raises(Refused, match="--steps 0"):
        project(run, target, steps=0)
    with pytest.raises(Refused, match="no such class"):
        project(replace(run), target, label="d")
