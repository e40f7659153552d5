"""Latents in files: what is read is what was written, and what does not fit is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from honmono.errors import Refused
from honmono.generation.interpolate import slerp, write_interpolation
from honmono.generation.latents.saved import SavedLatents, latent_shape, read_latents, write_latents
from honmono.generation.load import TrainedRun
from honmono.generation.write import write_samples
from honmono.runs.images import grid


def test_what_is_read_is_what_was_written(digits: TrainedRun, tmp_path: Path) -> None:
    saved = digits.saved_latents(21, seed=3, truncation=0.8)
    read = read_latents(write_latents(saved, tmp_path / "new" / "z.json", {"more": 1}))
    np.testing.assert_array_equal(read.latents, saved.latents)
    assert read.latents.dtype == np.float32 and read.labels == saved.labels == (*"0123456789" * 2, "0")
    again = digits.sample(21, latents=read)
    torch.testing.assert_close(again, digits.sample(21, seed=3, truncation=0.8))
    torch.testing.assert_close(digits.sample(5, latents=read, label="4"), digits.at(saved.latents[:5], np.full(5, 4)))


def test_samples_and_films_of_a_file(digits: TrainedRun, tmp_path: Path) -> None:
    torch.nn.init.normal_(digits.raw_generator.get_parameter("project.weight"))  # untrained ones hardly move
    saved = SavedLatents(digits.saved_latents(3, seed=5).latents, ("7", "7", "2"))
    file = write_latents(saved, tmp_path / "z.json")
    made = write_samples(digits, out=tmp_path / "raw.npy", raw=True, latents=file)
    np.testing.assert_allclose(np.load(made), digits.at(saved.latents, np.array([7, 7, 2])).numpy(), atol=1e-6)
    folder = write_samples(digits, out=tmp_path / "folder", latents=file)
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png")) == [
        "2/000002.png",
        "7/000000.png",
        "7/000001.png",
    ]
    with Image.open(write_interpolation(digits, tmp_path / "film.webp", latents=file)) as film:
        assert getattr(film, "n_frames", 1) == 3 * 12
        film.seek(3)
        z = slerp(saved.latents[:1], saved.latents[1:2], 0.25)
        expected = grid(digits.model.pictures(digits.at(z, np.array([7]))), 1)
        assert np.abs(np.asarray(film.convert("L")).astype(int) - np.asarray(expected).astype(int)).mean() < 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json", "not a file of latents"),
        ("[1]", "not a file of latents"),
        ('{"latents": [[1, "x"]]}', "not a file of latents"),
        ('{"latents": [1, 2]}', "one list of finite numbers for each"),
        ('{"latents": [[1, NaN]]}', "one list of finite numbers for each"),
        ('{"latents": [[1, 2], [3]]}', "not a file of latents"),
        ('{"latents": [[1, 2]], "labels": ["a", "b"]}', "2 labels for 1 latents"),
    ],
)
def test_other_files_are_refused_in_a_line(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "z.json").write_text(content)
    with pytest.raises(Refused, match=said) as refusal:
        read_latents(tmp_path / "z.json")
    assert "\n" not in str(refusal.value)


def test_latents_of_another_run_are_refused(digits: TrainedRun, tmp_path: Path) -> None:
    file = tmp_path / "z.json"
    (dim,) = latent_shape(digits.model)
    for value, said in (
        ({"latents": [[0.0] * (dim + 1)]}, f"needs latents of {dim} numbers, not {dim + 1}"),
        ({"latents": [[0.0] * dim], "labels": ["ten"]}, "no such class"),
    ):
        file.write_text(json.dumps(value))
        with pytest.raises(Refused, match=said):
            write_samples(digits, out=tmp_path / "out.png", latents=file)
        with pytest.raises(Refused, match=said):
            write_samples(digits, out=tmp_path / "folder", latents=file)
    with pytest.raises(Refused, match="no such file.*--save-latents"):
        write_samples(digits, latents=tmp_path / "none.json")
    write_latents(digits.saved_latents(1), file)
    with pytest.raises(Refused, match="two latents or more"):
        write_interpolation(digits, tmp_path / "film.gif", latents=file)
    with pytest.raises(Refused, match="holds 1 latents"):
        write_samples(digits, 2, latents=file)
    with pytest.raises(Refused, match="--latents and --truncation"):
        write_samples(digits, latents=file, truncation=1.0)
    assert [*tmp_path.glob("*.png"), *tmp_path.glob("*.gif")] == [] and not (tmp_path / "folder").exists()
