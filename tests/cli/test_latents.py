"""`directions`, `project`, and latents kept in files: what is printed and written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


Command = Callable[..., Any]


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
