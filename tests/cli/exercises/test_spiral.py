"""A new data source is one file: its points by hand, a fingerprint that stays, and a training."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import honmono
from honmono.recipe.registry import find, import_file


FILE = Path(__file__).with_name("spiral.py")
SMALL = ("--set", "data.samples=100", "--batch-size", 16, "--device", "cpu")


def test_points_lie_on_their_arms_and_the_fingerprint_is_of_the_content() -> None:
    data = find(f"{FILE}:spiral").make().data
    opened, again, fewer = data.open(), data.open(), replace(data, limit=100).open()
    real, label = opened.gather(np.arange(100), np.random.default_rng(0))
    assert label is not None and opened.class_counts == {"out": 500, "back": 500}
    radius, angle = real.norm(dim=1), torch.atan2(real[:, 1], real[:, 0])
    turned = angle + torch.pi * label
    torch.testing.assert_close(torch.cos(turned - radius), torch.ones(100), rtol=0, atol=1e-5)
    assert opened.fingerprint == again.fingerprint != fewer.fingerprint


def test_it_trains_and_resumes_on_the_same_points(call: Callable[..., Any]) -> None:
    assert call("train", f"{FILE}:spiral", "--steps", 3, "--run", "run", *SMALL).code == 0
    said = call("train", "--resume", "run", "--steps", 6, "--trust-code")
    assert said.code == 0 and "warning" not in said.err, said.err
    assert honmono.load("run", trust_code=True).sample(5).shape == (5, 2)
    environment = json.loads(Path("run/environment.json").read_text())
    assert environment["data"] == replace(find(f"{FILE}:spiral").make().data, samples=100).open().fingerprint


def test_a_change_of_its_points_is_refused_in_a_resume(refused: Callable[..., str], here: Path) -> None:
    """The turns are fixed in the code that the run trusts, and edited between the two calls."""
    honmono.train(f"{FILE}:spiral", run=here / "run", steps=1, batch_size=16, device="cpu")
    code = here / "run" / "recipe.py"
    code.write_text(code.read_text().replace('stream(0, "spiral")', 'stream(1, "spiral")'))
    assert "data" in refused("train", "--resume", here / "run", "--steps", 2, "--trust-code")


def test_a_metric_of_points_measures_it(call: Callable[..., Any]) -> None:
    """The other exercise's metric: points of a data source of one's own are points."""
    honmono.train(f"{FILE}:spiral", run="run", steps=2, batch_size=16, device="cpu")
    radius = import_file(FILE.with_name("radius.py")).Radius(fakes=50)
    found = honmono.evaluate("run", [radius], trust_code=True).measured.metrics["radius"]
    samples = honmono.load("run", trust_code=True).sample(50)
    assert found == pytest.approx(samples.norm(dim=1).mean().item(), rel=1e-5)
    said = call("evaluate", "run", "--metrics", "fid[digits]", "--trust-code")
    assert said.code == 2 and "points" in said.err
