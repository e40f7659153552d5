"""A new objective is one file: its losses and gradients by hand, and a training by its path."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import honmono
from honmono.data.base import Batch
from honmono.objectives.base import Draws, Players, Step
from honmono.recipe.registry import find


FILE = Path(__file__).with_name("hinge.py")
SMALL = (
    "--set",
    "data.samples=100",
    "--batch-size",
    16,
    "--set",
    "metrics=()",
    "--set",
    "training.log_every=1",
    "--device",
    "cpu",
)


class Affine(nn.Module):
    """x -> weight * x + shift, for one number as sample or latent."""

    def __init__(self, weight: float, shift: float) -> None:
        super().__init__()
        self.weight, self.shift = nn.Parameter(torch.tensor(weight)), nn.Parameter(torch.tensor(shift))

    @property
    def module(self) -> nn.Module:
        return self

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return self.weight * sample + self.shift


class Score(Affine):
    """One number for each sample."""

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return super().forward(sample).flatten()


def test_losses_and_gradients_by_hand() -> None:
    objective = find(f"{FILE}:hinge_grid").make().objective
    generator, discriminator = Affine(1.0, -1.0), Score(0.5, 0.0)
    real, latent = torch.tensor([[1.0], [4.0]]), torch.tensor([[2.0], [-3.0]])
    step = Step(Players(generator, discriminator), Batch(real, None), Draws(latent, None))
    # D(real) is 0.5 and 2; fakes are 1 and -4, D(fake) is 0.5 and -2: one of each pair lies beyond its margin.
    losses = objective.discriminator_loss(step)
    assert {name: loss.item() for name, loss in losses.items()} == {"real": 0.25, "fake": 0.75}
    sum(losses.values(), torch.zeros(())).backward()
    # d/dw of (1 - w * 1 + 1 + w * 1) / 2, and of the shift: -1/2 + 1/2
    assert discriminator.weight.grad == 0.0 and discriminator.shift.grad == 0.0
    losses = objective.generator_loss(step)
    assert {name: loss.item() for name, loss in losses.items()} == {"fake": 0.75}
    losses["fake"].backward()
    # -0.5 times the mean of the latents (-0.5), and -0.5 for the shift
    assert generator.weight.grad == 0.25 and generator.shift.grad == -0.5


def test_it_trains_by_its_path(call: Callable[..., Any]) -> None:
    said = call("train", f"{FILE}:hinge_grid", "--steps", 3, "--run", "run", *SMALL)
    assert said.code == 0 and "warning" not in said.err, said.err
    logged = [json.loads(line) for line in Path("run/log.jsonl").read_text().splitlines()]
    assert logged[-1]["step"] == 3 and logged[0]["discriminator.real"] == pytest.approx(1, abs=0.5)
    assert {"discriminator.real", "discriminator.fake", "generator.fake"} <= set(logged[-1])
    assert call("train", "--resume", "run", "--steps", 5, "--trust-code").code == 0
    assert honmono.load("run", trust_code=True).step == 5
