import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import honmono
from honmono.devices import choose
from honmono.errors import Refused
from honmono.networks.mlp import MLPGenerator
from honmono.objectives.augment import Adaptive, DiffAugment
from honmono.objectives.relativistic import Relativistic
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe
from honmono.recipes.folder import folder
from honmono.training.engine import Engine
from honmono.training.options import TrainOptions
from honmono.training.session import prepare
from honmono.training.trainer import Trainer


Small = Callable[[Recipe], Recipe]


@pytest.fixture
def tiny(on_small_data: Small) -> Recipe:
    """On 22 pictures of ten classes."""
    return on_small_data(override(folder(), find("folder").tiny))


def in_training(recipe: Recipe, precision: str = "fp32") -> Trainer:
    return Trainer(recipe, recipe.data.open(), Engine(choose("cpu", precision, "off")))


def parameters(trainer: Trainer) -> torch.Tensor:
    networks = trainer.networks.values()
    return torch.cat([parameter.detach().flatten() for one in networks for parameter in one.parameters()])


def moves_of(trainer: Trainer) -> list[tuple[int, ...]]:
    """The shapes of what each class has of its own in the generator."""
    named = trainer.networks["generator"].named_parameters()
    return [tuple(parameter.shape) for name, parameter in named if name.startswith("moves.")]


def test_it_is_conditional_where_there_are_classes(tiny: Recipe, tmp_path: Path) -> None:
    trainer = in_training(tiny)
    assert trainer.recipe.conditional is True and moves_of(trainer) == [(10, 16), (10, 8)]
    np.save(tmp_path / "plain.npy", np.zeros((20, 16, 16, 3), np.uint8))
    plain = replace(tiny, data=replace(tiny.data, source=str(tmp_path / "plain.npy")))
    trainer = in_training(plain)
    assert trainer.recipe.conditional is False and moves_of(trainer) == []
    assert in_training(replace(tiny, conditional=False)).recipe.conditional is False


def test_small_sets_are_augmented(tiny: Recipe) -> None:
    trainer = in_training(tiny)
    assert isinstance(trainer.recipe.objective, Relativistic)
    assert trainer.recipe.objective.augment == DiffAugment(probability=Adaptive())
    assert trainer.recipe.objective.num_uniform() == 20 + 1  # the augmentation's, and the wrong label's


def test_a_run_says_what_was_decided(tiny: Recipe, tmp_path: Path) -> None:
    changes = {**find("folder").tiny, "training.steps": "1"}
    call = TrainOptions(recipe="folder", data=tiny.data.source, changes=changes, run=tmp_path / "run", device="cpu")  # type: ignore[attr-defined]
    session = prepare(call)
    assert session.lock is not None
    session.lock.release()
    assert any(line.startswith("the discriminator sees augmented pictures") for line in session.lines)
    assert not any("classes, which are not used" in line for line in session.lines)


def test_parts_of_a_batch_give_the_gradient_of_the_whole(tiny: Recipe) -> None:
    """The augmentation's numbers go with their samples, and every fourth sample is the same one."""
    moved = []
    uncoupled = replace(tiny, generator=partial(MLPGenerator, widths=(16,), batch_norm=False))
    for parts in (1, 2):
        trainer = in_training(override(uncoupled, {"training.accumulate": str(parts)}), precision="fp64")
        trainer.step()
        moved.append(parameters(trainer))
    torch.testing.assert_close(*moved, rtol=0, atol=1e-9)


def test_the_numbers_of_the_augmentation_follow_from_seed_and_step(tiny: Recipe) -> None:
    always = override(tiny, {"objective.augment.probability": "1.0"})
    one, same = in_training(always), in_training(always)
    one.step()
    torch.rand(9)
    same.step()
    assert torch.equal(parameters(one), parameters(same))
    plain = in_training(override(tiny, {"objective.augment.probability": "0.0"}))
    plain.step()
    assert not torch.equal(parameters(one), parameters(plain))


def test_a_run_records_what_was_decided_and_goes_on_by_it(tiny: Recipe, tmp_path: Path) -> None:
    words: dict[str, Any] = {"run": tmp_path / "run", "device": "cpu", "precision": "fp32"}
    small = {"changes": find("folder").tiny, "data": tiny.data.source}  # type: ignore[attr-defined]
    honmono.train("folder", steps=1, **words, **small)
    recorded = json.loads((tmp_path / "run/recipe.json").read_text())["recipe"]
    assert recorded["conditional"] is True
    assert recorded["objective"]["augment"]["probability"]["$class"] == "Adaptive"
    honmono.train("folder", steps=2, **words, **small)  # by name, where it says "auto" still
    honmono.train(resume=tmp_path / "run", steps=3)
    assert honmono.load(tmp_path / "run").sample(3, label="7").shape == (3, 3, 16, 16)
    with pytest.raises(Refused, match=r"conditional: true in the run, false now"):
        small["changes"] = {**small["changes"], "conditional": "false"}
        honmono.train("folder", steps=4, **words, **small)


def test_what_a_change_leaves_to_the_data_is_no_change(tiny: Recipe, tmp_path: Path) -> None:
    fakes = {"objective.penalties": "(Mismatch(1.0, of_fakes=OfFakes(weight=0.5, margin=0.5)),)"}  # its classes: auto
    words: dict[str, Any] = {"run": tmp_path / "run", "device": "cpu", "precision": "fp32"}
    words |= {"changes": find("folder").tiny | fakes, "data": tiny.data.source}  # type: ignore[attr-defined]
    for steps in (1, 2):
        honmono.train("folder", steps=steps, **words)
    recorded = json.loads((tmp_path / "run/recipe.json").read_text())["recipe"]
    assert recorded["objective"]["penalties"][0]["of_fakes"]["classes"] == []


@pytest.mark.parametrize("size", [32, 256])
def test_it_steps_at_full_width(size: int, tiny: Recipe) -> None:
    """At 256 pixels with two pictures, which is what a test has time for."""
    recipe = replace(folder(), data=replace(tiny.data, size=size))
    trainer = in_training(override(recipe, {"training.batch_size": "2"}))
    assert all(loss.isfinite() for loss in trainer.step().values())
