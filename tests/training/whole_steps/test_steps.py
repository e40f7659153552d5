"""A compiled step against the updates one by one."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop

import honmono
from honmono.devices import choose
from honmono.objectives.adaptive_factor import AdaptiveFactor
from honmono.objectives.augment import PROBABILITY
from honmono.objectives.base import ADVERSARIAL
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1
from honmono.recipe import (
    Average,
    Clip,
    Every,
    InverseByUpdate,
    Linear,
    Pair,
    Recipe,
    Simultaneous,
    TensorFlowAdam,
    Update,
    WarmUp,
)
from honmono.recipe.override import override
from honmono.recipe.record import read_choices
from honmono.recipe.registry import find
from honmono.runs import checkpoints
from honmono.runs.checkpoints import Checkpoint
from honmono.runs.directory import RunDirectory
from honmono.training.engine import Engine
from honmono.training.open_trainer import open_rehearsed
from honmono.training.trainer import Trainer


STEPS = 20
# With batch norm in G, a penalty, an average, clipping, shared fakes, labels, running statistics and augmentation that
# adapts.
RECIPES = (
    *("wgan-grid-article", "gan-grid", "gan-mnist-article", "dcgan-mnist-article", "wgan-gp-grid", "cgan-mnist"),
    *("coulomb-grid", "dcgan-digits", "realness-cifar10-article", "flow-grid"),
)


def trainer_of(recipe: Recipe, compile: str, compiler: str = "eager") -> Trainer:
    """A trainer in float64. "eager": the graph of the step as it was traced, run operation by operation."""
    choices = replace(choose("cpu", "fp64", "off"), compile=compile)
    return Trainer(recipe, recipe.data.open(), Engine(choices, compiler))


def assert_same_training(plain: Trainer, whole: Trainer, steps: int) -> None:
    """Losses, and tensors of a checkpoint, to a relative 1e-5; the weights before a batch norm drift by rounding."""
    for _ in range(steps):
        expected, losses = plain.step(), whole.step()
        torch.testing.assert_close(losses, expected, rtol=1e-5, atol=1e-9)
    assert whole.rates() == plain.rates() and whole.clock == plain.clock
    expected, tensors = plain.tensors(), whole.tensors()
    assert {group: list(named) for group, named in tensors.items()} == {g: list(n) for g, n in expected.items()}
    torch.testing.assert_close(tensors, expected, rtol=1e-5, atol=1e-8)


def test_what_an_adapting_penalty_was_multiplied_by_is_logged() -> None:
    """And not what it will be in the next step."""
    adapt = AdaptiveFactor(low=1e6, high=1e7, images=10 * 256, average=1)
    recipe = replace(find("gan-grid").make(), objective=NonSaturating(penalties=(R1(0.1, adapt=adapt),)))
    plain, whole = trainer_of(recipe, "off"), trainer_of(recipe, "step")
    assert_same_training(plain, whole, 3)
    assert 0 < whole.step()["statistic.r1_factor"].item() < 1


@pytest.mark.parametrize("name", RECIPES)
def test_a_whole_step_computes_what_its_updates_compute(name: str, on_small_data: Callable[[Recipe], Recipe]) -> None:
    entry = find(name)
    recipe = on_small_data(override(entry.make(), entry.tiny))
    assert_same_training(trainer_of(recipe, "off"), trainer_of(recipe, "step"), STEPS)


def test_some_classes_are_treated_alike(on_small_data: Callable[[Recipe], Recipe]) -> None:
    entry = find("folder")
    adaptive = "Adaptive(target=-0.9, images=300, every=2, of_classes=True)"
    classes = {
        "objective.augment": f"DiffAugment(probability={adaptive}, classes=(0, 1))",
        "objective.penalties.2.of_fakes.classes": "(0, 1)",
    }
    recipe = on_small_data(override(entry.make(), {**entry.tiny, **classes}))
    plain, whole = trainer_of(recipe, "off"), trainer_of(recipe, "step")
    assert_same_training(plain, whole, STEPS)
    assert 0 < whole.memory.values[PROBABILITY].item() < 1


def test_the_compiler_computes_it_too(points: Recipe) -> None:
    recipe = replace(points, clip=Clip(bound=0.1))
    assert_same_training(trainer_of(recipe, "off"), trainer_of(recipe, "step", "inductor"), STEPS)


@pytest.mark.parametrize(
    "optimizer",
    [
        partial(Adam, lr=1e-2, weight_decay=0.1),
        partial(AdamW, lr=1e-2, weight_decay=0.1),
        partial(TensorFlowAdam, lr=1e-2, eps=0.1),
        partial(RMSprop, lr=1e-3, weight_decay=0.1, momentum=0.9, centered=True),
        partial(SGD, lr=1e-2, weight_decay=0.1, momentum=0.9, nesterov=True),
        partial(SGD, lr=1e-2),
    ],
    ids=lambda one: one.func.__name__,
)
def test_optimizers_move_weights_as_torch_s_do(points: Recipe, optimizer: partial[Optimizer]) -> None:
    rates = Pair(InverseByUpdate(decay=0.1), Linear(begin=32, images=160))
    recipe = replace(points, optimizers=Pair(optimizer), training=replace(points.training, learning_rates=rates))
    assert_same_training(trainer_of(recipe, "off"), trainer_of(recipe, "step"), STEPS)


def test_steps_of_any_number_of_updates_are_the_same(points: Recipe) -> None:
    average = replace(points.training, average=Average(halflife=64))
    warm_up = Update("discriminator", real="x", count=WarmUp(count=2, high=13, steps=2, every=6))
    recipe = replace(points, updates=(warm_up, Update("generator", count=2)), training=average)
    assert_same_training(trainer_of(recipe, "off"), trainer_of(recipe, "step"), 8)


def test_simultaneous_updates_are_the_same(points: Recipe) -> None:
    together = Simultaneous((Update("discriminator", draws="z"), Update("generator", draws="z")))
    recipe = replace(points, objective=NonSaturating(penalties=(R1(),)), updates=(together,))
    assert_same_training(trainer_of(recipe, "off"), trainer_of(recipe, "step"), 8)


def saved(trainer: Trainer) -> Checkpoint:
    """What a checkpoint of this moment holds."""
    tensors = {group: {name: one.clone() for name, one in named.items()} for group, named in trainer.tensors().items()}
    return Checkpoint(Path(), tensors, {"step": trainer.clock.step, "images": trainer.clock.images})


def test_a_checkpoint_resumes_bit_for_bit_and_either_way(points: Recipe) -> None:
    whole = trainer_of(points, "step")
    for _ in range(3):
        whole.step()
    middle = saved(whole)
    for _ in range(4):
        whole.step()
    resumed, plain = trainer_of(points, "step"), trainer_of(points, "off")
    for trainer in (resumed, plain):
        trainer.step()
        trainer.restore(deepcopy(middle))  # an optimizer keeps the tensors that it loads
    assert_same_training(plain, resumed, 4)
    torch.testing.assert_close(resumed.tensors(), whole.tensors(), rtol=0, atol=0)
    resumed.restore(saved(plain))
    assert_same_training(plain, resumed, 2)


def test_a_run_records_it_and_a_resume_repeats_it(points: Recipe, tmp_path: Path) -> None:
    for name, lengths in (("whole", (4,)), ("parts", (2, 4))):
        for steps in lengths:
            compile = "step" if steps == lengths[0] else "auto"
            honmono.train(points, run=tmp_path / name, steps=steps, device="cpu", precision="fp32", compile=compile)
    choices = read_choices(RunDirectory(tmp_path / "parts"))
    assert choices is not None and choices.compile == "step"
    ends = (RunDirectory(tmp_path / name).checkpoints / f"{4:09}" for name in ("whole", "parts"))
    one, other = map(checkpoints.read, ends)
    torch.testing.assert_close(one.tensors, other.tensors, rtol=0, atol=0)


class Noisy(nn.Module):
    """A discriminator with dropout."""

    def __init__(self, *, sample_shape: tuple[int, ...], num_classes: int = 0) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 1), nn.Flatten(0))

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return self.layers(sample)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"discriminator": partial(Noisy)}, "draw random numbers"),
        ({"optimizers": Pair(partial(Adagrad, lr=1e-3))}, "Adagrad"),
        ({"optimizers": Pair(partial(Adam, amsgrad=True))}, "amsgrad=True"),
        (
            {
                "objective": NonSaturating(penalties=(R1(),)),
                "updates": (
                    Update("discriminator", terms=ADVERSARIAL),
                    Update("discriminator", terms=("r1",), count=Every(3)),  # has no gradient of the last bias
                    Update("generator"),
                ),
            },
            "not trained in all",
        ),
    ],
)
def test_losses_are_compiled_where_a_step_cannot_be_one_function(
    points: Recipe, change: dict[str, Any], reason: str
) -> None:
    choices = replace(choose("cpu", "fp32", "off"), compile="step")
    made = open_rehearsed(replace(points, **change), choices, automatic=False)
    assert made.engine.choices.compile == "losses"
    assert len(made.lines) == 1 and reason in made.lines[0]
