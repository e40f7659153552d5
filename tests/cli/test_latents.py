"""`directions`, `project`, and latents kept in files: what is printed and written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


Command = Callable[..., Any]
TINY = ("generator.width=2", "discriminator.width=2", "generator.mapping=1", "training.batch_size=4", "metrics=()")


def test_latents_are_kept_and_sampled_from(call: Command, refused: Callable[..., str], run: Path) -> None:
    kept = call("sample", run, "--num", 5, "--seed", 3, "--out", "a.npy", "--raw", "--save-latents", "z.json")
    assert (kept.code, kept.out) == (0, "a.npy\nz.json\n")
    assert call("sample", run, "--latents", "z.json", "--out", "b.npy", "--raw").out == "b.npy\n"
    np.testing.assert_allclose(np.load("a.npy"), np.load("b.npy"), atol=1e-6)
    assert call("interpolate", run, "--latents", "z.json", "--out", "film.gif").out == "film.gif\n"
    both = refused("sample", run, "--latents", "z.json", "--save-latents", "y.json")
    assert both.startswith("--latents and --save-latents: give only one")


def test_directions_are_found(call: Command, run: Path) -> None:
    said = call("directions", run, "--num", 1, "--method", "sefa", "--label-index", 3, "--out", "found.html")
    assert (said.code, said.out, said.err) == (0, "found.html\nfound.json\n", "")


def test_a_picture_is_projected(call: Command, run: Path) -> None:
    call("sample", run, "--num", 1, "--label", "4", "--out", "four.png")
    said = call("project", run, "four.png", "--steps", 2, "--batch-norm", "running", "--out", "found.png")
    assert said.code == 0 and said.out.startswith("distance ") and said.out.endswith("found.png\nfound.json\n")
    assert call("sample", run, "--latents", "found.json", "--out", "again.png").code == 0


def test_styles_are_mixed_where_there_are_some(call: Command, refused: Callable[..., str], run: Path) -> None:
    small = [word for change in TINY for word in ("--set", change)]
    assert (
        call("train", "stylegan2-mnist", "--data", "digits", "--size", 16, "--steps", 1, "--run", "styled", *small).code
        == 0
    )
    said = call(
        "mix", "styled", "--layers", "0-1", "--rows", 1, "--columns", 2, "--truncation", 0.7, "--out", "mix.png"
    )
    assert (said.code, said.out) == (0, "mix.png\n") and Path("mix.png").stat().st_size > 0
    assert refused("mix", run).startswith("mix needs a generator that makes styles")
