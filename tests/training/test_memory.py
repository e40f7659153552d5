"""What an objective keeps between updates: who changes it, from which numbers, and where it is saved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import honmono
from honmono.objectives.augment import PROBABILITY, SIGN, Adaptive
from honmono.objectives.base import Step
from honmono.objectives.logit import LogitObjective
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe.override import override
from honmono.recipe.record import read_record
from honmono.recipe.registry import find
from honmono.recipe.serialize import recipe_from_json, to_json
from honmono.recipe.updates import Update
from honmono.recipe.value import Recipe
from honmono.runs import checkpoints
from honmono.runs.directory import RunDirectory
from honmono.runs.log import read
from honmono.training.trainer import Trainer


Build = Callable[..., Trainer]
Small = Callable[[Recipe], Recipe]
Observe = Callable[[Recipe], tuple[Recipe, list[tuple[str, Step]]]]
QUICK = "DiffAugment(probability=Adaptive(target=0.1, images=60, every=1))"


@dataclass(frozen=True)
class Counting(NonSaturating):
    """The standard GAN, which counts its updates and samples, and knows how large they were."""

    def discriminator_loss(self, step: Step) -> Mapping[str, Tensor]:
        size = step.batch.real.square().mean()
        extra = {"size": size, "before": step.memory["updates"]}
        return NonSaturating(together=self.together).discriminator_loss(step) | extra  # type: ignore[operator]

    def generator_loss(self, step: Step) -> Mapping[str, Tensor]:
        return {"fake": NonSaturating().generator_loss(step)["fake"] + 0 * step.memory["updates"]}

    def statistics(self) -> tuple[str, ...]:
        return ("size", "before")

    def memory(self) -> Mapping[str, float]:
        return {"updates": 3.0, "images": 0.0, "size": 0.0}

    def remember(
        self, memory: Mapping[str, Tensor], statistics: Mapping[str, Tensor], images: int
    ) -> Mapping[str, Tensor]:
        counted = {"updates": memory["updates"] + 1, "images": memory["images"] + images}
        return counted | {"size": statistics["size"]}


def kept(trainer: Trainer) -> dict[str, float]:
    return {name: value.item() for name, value in trainer.memory.values.items()}


def test_it_changes_after_each_update_that_has_statistics(points: Recipe, in_training: Build) -> None:
    twice = (Update("discriminator", count=2), Update("generator"))
    trainer = in_training(replace(points, objective=Counting(), updates=twice))
    assert kept(trainer) == {"updates": 3.0, "images": 0.0, "size": 0.0}
    logged = trainer.step()
    assert kept(trainer)["updates"] == 5.0 and kept(trainer)["images"] == 32.0
    assert logged["statistic.before"].item() == 4.0  # what the second update's loss was given
    assert logged["statistic.size"].item() == kept(trainer)["size"]


def test_statistics_are_not_minimised(points: Recipe, in_training: Build) -> None:
    one, other = (in_training(replace(points, objective=objective)) for objective in (Counting(), NonSaturating()))
    for _ in range(3):
        logged, plain = one.step(), other.step()
        assert {name: value for name, value in logged.items() if "statistic" not in name} == plain
    for name, network in one.networks.items():
        assert all(
            torch.equal(a, b) for a, b in zip(network.parameters(), other.networks[name].parameters(), strict=True)
        )


def test_the_rehearsal_changes_nothing(points: Recipe, in_training: Build) -> None:
    trainer = in_training(replace(points, objective=Counting()))
    trainer.rehearse()
    assert kept(trainer) == {"updates": 3.0, "images": 0.0, "size": 0.0}


def adaptive(name: str, on_small_data: Small, **changes: str) -> Recipe:
    entry = find(name)
    given = {} if "objective" in changes else {"objective.augment": QUICK}
    given |= {field.replace("__", "."): text for field, text in changes.items()}
    return on_small_data(override(entry.make(), {**entry.tiny, **given}))


@pytest.mark.parametrize(
    ("augment", "conditional"),
    [
        (QUICK.replace("every=1", "every=2"), "false"),
        ("DiffAugment(probability=Adaptive(target=-0.9, images=60, of_classes=True), classes=(0, 1, 2))", "true"),
    ],
)
def test_accumulated_parts_have_the_statistics_of_the_whole_batch(
    augment: str, conditional: str, in_training: Build, on_small_data: Small
) -> None:
    """Of 8, 8 and 6 pictures, in three parts of uneven size each."""
    objective = f"Wasserstein(augment={augment})"
    recipe = adaptive("gan-mnist-article", on_small_data, objective=objective, conditional=conditional)
    whole, parts = (in_training(override(recipe, {"training.accumulate": pieces}), "fp64") for pieces in ("1", "3"))
    probabilities = set()
    for _ in range(24):
        ours, theirs = whole.step(), parts.step()
        assert ours.keys() == theirs.keys() and {f"statistic.{SIGN}", f"statistic.{PROBABILITY}"} <= ours.keys()
        assert all(float(ours[name]) == pytest.approx(float(theirs[name]), abs=1e-9) for name in ours)
        assert kept(whole) == pytest.approx(kept(parts), abs=1e-9)
        probabilities.add(kept(whole)[PROBABILITY])
    assert len(probabilities) > 2


def test_it_is_a_group_of_the_checkpoint_where_there_is_any(points: Recipe, in_training: Build) -> None:
    assert "objective" not in in_training(points).tensors()
    group = in_training(replace(points, objective=Counting())).tensors()["objective"]
    assert {name: value.item() for name, value in group.items()} == {"updates": 3.0, "images": 0.0, "size": 0.0}


def probability_of(recipe: Recipe) -> object:
    assert isinstance(recipe.objective, LogitObjective) and recipe.objective.augment is not None
    return recipe.objective.augment.probability


@pytest.mark.parametrize("compile", ["off", pytest.param("on", marks=pytest.mark.slow)])
def test_a_run_with_memory_resumes_bit_for_bit(tmp_path: Path, on_small_data: Small, compile: str) -> None:
    recipe = adaptive("folder", on_small_data, training__log_every="1")
    settings = {"device": "cpu", "precision": "fp32", "compile": compile}
    honmono.train(recipe, run=tmp_path / "whole", steps=6, **settings)
    for steps in (3, 6):
        torch.compiler.reset()  # a resume begins in a process that has compiled nothing yet
        honmono.train(recipe, run=tmp_path / "parts", steps=steps, **settings)
    runs = [RunDirectory(tmp_path / name) for name in ("whole", "parts")]
    saved = [{file.name: file.read_bytes() for file in run.checkpoint(6).glob("*.safetensors")} for run in runs]
    assert saved[0] == saved[1] and "objective.safetensors" in saved[0]
    logs = [read(run) for run in runs]
    assert all(logs[0][name] == logs[1][name] for name in logs[0] if "second" not in name)
    probability = checkpoints.read(runs[0].checkpoint(6)).tensors["objective"][PROBABILITY].item()
    assert 0 < probability < 1 and len(set(logs[0][f"statistic.{PROBABILITY}"])) > 2
    assert probability_of(read_record(runs[0]).recipe) == Adaptive(target=0.1, images=60, every=1)


def test_a_loss_is_not_compiled_again_when_memory_changes(
    in_training: Build, on_small_data: Small, observed: Observe
) -> None:
    recipe, steps = observed(adaptive("folder", on_small_data))
    trainer = in_training(recipe)
    for _ in range(2):
        trainer.step()
    first, second = (step for player, step in steps if player == "discriminator")
    assert first.memory[PROBABILITY] != second.memory[PROBABILITY]
    loss = adaptive("folder", on_small_data).objective.discriminator_loss
    compiled = torch.compile(loss, backend="eager", fullgraph=True, dynamic=False)
    with torch._dynamo.config.patch(error_on_recompile=True):
        for step in (first, second):
            for name, value in loss(step).items():
                torch.testing.assert_close(compiled(step)[name], value)


def test_it_returns_from_json_and_from_the_command_line() -> None:
    recipe = override(find("folder").make(), {"objective.augment.probability": "Adaptive()"})
    assert probability_of(recipe) == Adaptive()
    assert to_json(recipe_from_json(to_json(recipe))) == to_json(recipe)
    changed = override(recipe, {"objective.augment.probability.target": "0.4"})
    assert probability_of(changed) == Adaptive(target=0.4)
