"""A new metric is one file: known values, in a training, in `evaluate`'s output and in metrics.jsonl."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import honmono
from honmono.recipe.registry import import_file


FILE = Path(__file__).with_name("radius.py")
SMALL = ("--set", "data.samples=100", "--batch-size", 16, "--device", "cpu")


def test_known_values() -> None:
    mean_radius = import_file(FILE).mean_radius
    assert mean_radius(torch.tensor([[3.0, 4.0], [0.0, 1.0], [0.0, 0.0]])) == 2.0


def test_its_number_is_that_of_the_samples(call: Callable[..., Any]) -> None:
    words = ("--steps", 4, "--run", "run", "--set", "training.measure_images=32", *SMALL)
    assert call("train", f"{FILE}:circle", *words).code == 0
    radius = honmono.load("run", trust_code=True).sample(1).norm().item()  # the same of every sample
    assert 1.9 < radius < 2.1 and radius != 2.0
    said = call("evaluate", "run", "--json", "--trust-code")
    assert json.loads(said.out)["metrics"] == {"radius": pytest.approx(radius, rel=1e-6)}
    named = call("evaluate", "run", "--metrics", "radius", "--num", 7, "--trust-code")
    assert named.code == 0 and f"{radius:.5g}" in named.out
    lines = [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 4, 4]
    assert [line["metrics"]["radius"] for line in lines[1:]] == pytest.approx([radius] * 3, rel=1e-6)
    assert [line["protocol"]["radius"]["conditions"]["fakes"] for line in lines] == [100, 100, 100, 7]
