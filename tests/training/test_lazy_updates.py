"""Updates of some terms in every n-th step: their gradients, and what is left out."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.optim import SGD

import honmono
from honmono.networks.mlp import MLPDiscriminator, MLPGenerator
from honmono.objectives.base import ADVERSARIAL
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1, R2, Penalty
from honmono.recipe import Every, Pair, Recipe, Update
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.runs.directory import RunDirectory
from honmono.training.trainer import Trainer


Build = Callable[..., Trainer]
Small = Callable[[Recipe], Recipe]
N = 4
G, MAIN = Update("generator"), Update("discriminator", real="x", terms=ADVERSARIAL)
LAZY = Update("discriminator", real="x", terms=("r1",), count=Every(N))


@pytest.fixture
def still(points: Recipe, in_training: Build) -> Callable[..., Trainer]:
    """A trainer whose weights never move, and whose every batch is all of its 16 points."""

    def build(*updates: Update, precision: str = "fp64") -> Trainer:
        recipe = replace(
            points,
            data=replace(points.data, samples=16),
            generator=partial(MLPGenerator, widths=(16,)),
            discriminator=partial(MLPDiscriminator, widths=(16, 16), activation="elu"),
            objective=NonSaturating(penalties=(R1(3.0),)),
            optimizers=Pair(partial(SGD, lr=0.0)),
            updates=updates,
        )
        return in_training(recipe, precision)

    return build


def summed(trainer: Trainer, steps: int) -> dict[str, Tensor]:
    """The gradients of the discriminator, summed over all of its updates in so many steps."""
    network = trainer.networks["discriminator"]
    sums = {name: torch.zeros_like(parameter) for name, parameter in network.named_parameters()}

    def add(*_: object) -> None:
        for name, parameter in network.named_parameters():
            if parameter.grad is not None:
                sums[name] += parameter.grad

    trainer.optimizers["discriminator"].register_step_pre_hook(add)
    for _ in range(steps):
        trainer.step()
    return sums


def test_gradients_are_in_sum_those_of_the_eager_penalty(still: Callable[..., Trainer]) -> None:
    only = replace(MAIN, terms=("r1",))
    lazy, eager, once = summed(still(LAZY, G), N), summed(still(only, G), N), summed(still(only, G), 1)
    for name, gradient in lazy.items():
        torch.testing.assert_close(gradient, eager[name], rtol=1e-12, atol=1e-15)
        torch.testing.assert_close(gradient, N * once[name], rtol=1e-12, atol=1e-15)
    assert any(gradient.abs().max() > 1e-3 for gradient in lazy.values())


def test_the_whole_loss_is_in_sum_the_eager_one(still: Callable[..., Trainer]) -> None:
    """Over two periods; the fakes are the same, since latents are drawn by the same names."""
    draws = replace(MAIN, draws="z")
    lazy, eager = summed(still(draws, LAZY, G), 2 * N), summed(still(replace(draws, terms=None), G), 2 * N)
    for name, gradient in lazy.items():
        torch.testing.assert_close(gradient, eager[name], rtol=1e-12, atol=1e-15)


def test_the_log_has_the_penalty_as_it_is_and_only_when_it_is_computed(still: Callable[..., Trainer]) -> None:
    lazy, eager = still(MAIN, LAZY, G), still(Update("discriminator", real="x"), G)
    logged, plain = [lazy.step() for _ in range(N)], eager.step()
    assert ["discriminator.r1" in one for one in logged] == [False, False, False, True]
    assert float(logged[-1]["discriminator.r1"]) == pytest.approx(float(plain["discriminator.r1"]), rel=1e-12)
    assert lazy.clock.images == N * 16  # the update has the step's own real batch


@pytest.mark.parametrize(("penalty", "generated"), [(R1(), 0), (R2(), 1)])
def test_only_what_a_term_needs_is_computed(
    points: Recipe, in_training: Build, penalty: Penalty, generated: int
) -> None:
    updates = (
        Update("discriminator", terms=(penalty.name,)),
        replace(MAIN, count=Every(9)),
        replace(G, count=Every(9)),
    )
    trainer = in_training(replace(points, objective=NonSaturating(penalties=(penalty,)), updates=updates))
    calls: list[str] = []
    for name, network in trainer.networks.items():
        network.register_forward_hook(lambda *_, name=name: calls.append(name))
    assert list(trainer.step()) == [f"discriminator.{penalty.name}"]
    assert (calls.count("generator"), calls.count("discriminator")) == (generated, 1)


@pytest.mark.parametrize("compile", ["off", pytest.param("on", marks=pytest.mark.slow)])
def test_a_run_resumes_bit_for_bit(tmp_path: Path, on_small_data: Small, compile: str) -> None:
    """In the middle of a period."""
    entry = find("dcgan-mnist")
    changed = {"objective": NonSaturating(penalties=(R1(),)), "updates": (MAIN, LAZY, G)}
    recipe = replace(on_small_data(override(entry.make(), entry.tiny)), **changed)
    settings = {"device": "cpu", "precision": "fp32", "compile": compile}
    honmono.train(recipe, run=tmp_path / "whole", steps=10, **settings)
    for steps in (6, 10):
        torch.compiler.reset()  # a resume begins in a process that has compiled nothing yet
        honmono.train(recipe, run=tmp_path / "parts", steps=steps, **settings)
    checkpoints = [RunDirectory(tmp_path / name).checkpoint(10) for name in ("whole", "parts")]
    saved = [{file.name: file.read_bytes() for file in one.glob("*.safetensors")} for one in checkpoints]
    assert len(saved[0]) == 5 and saved[0] == saved[1]
