"""`honmono study`: the list, a page, and refusals in a line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honmono.studies.study import studies


def test_without_a_name_all_are_listed(call: Callable[..., Any]) -> None:
    said = call("study")
    header, *rows = said.out.splitlines()
    assert said.code == 0 and header.split()[:2] == ["name", "runs"]
    assert [row.split()[0] for row in rows] == list(studies())


def test_the_page_is_named_last(call: Callable[..., Any]) -> None:
    words = {
        *("generator.widths=(8, 8)", "discriminator.widths=(8, 8)", "training.batch_size=64", "data.samples=64"),
        *("training.steps=1", "training.sample_every=2", "training.measure_images=none", "metrics.0.fakes=50"),
    }
    settings = [word for change in sorted(words) for word in ("--set", change)]
    said = call("study", "gan-losses-on-a-grid", "--scale", "0.01", "--seeds", "1", "--out", "out", *settings)
    assert said.code == 0 and said.out == "out/gan-losses-on-a-grid.html\n"
    assert Path("out/gan-losses-on-a-grid.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["wgan-parameter"], "there is no study 'wgan-parameter'; did you mean 'wgan-parameters'?"),
        (["wgan-parameters", "--scale", "0"], "--scale 0.0: "),
        (["wgan-parameters", "--set", "clip"], "--set clip: "),
        (
            ["wgan-parameters", "--set", "clip.bund=1"],
            "--set clip.bund: no field 'bund' there; did you mean 'clip.bound'",
        ),
        (["wgan-parameters", "--data", "digits"], "wgan-grid-article trains on points (grid, ring, or your own"),
    ],
)
def test_wrong_calls(refused: Callable[..., str], words: list[str], line: str) -> None:
    assert refused("study", *words).startswith(line)
