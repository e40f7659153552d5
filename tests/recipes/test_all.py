"""What every registered recipe owes, under its `tiny` override: it builds, fits, learns, is recorded, and resumes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import honmono
from honmono.devices import choose
from honmono.evaluation.availability import applicable, unavailable_metrics
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.registry import entries
from honmono.recipe.serialize import recipe_from_json, to_json
from honmono.recipe.updates import every_update
from honmono.recipe.value import Recipe, resolve_auto
from honmono.runs.directory import RunDirectory
from honmono.runs.log import read
from honmono.training.engine import Engine
from honmono.training.periodic_evaluation import best_by
from honmono.training.trainer import Trainer


Small = Callable[[Recipe], Recipe]
# Points; a smaller batch at the end of an epoch; convolutions and, through R1, second derivatives; one network.
SEES_VARIETY = {"fid", "kid", "coverage", "modes", "reverse_kl"}
U_NET = pytest.param("ddpm-mnist", marks=pytest.mark.slow)  # compiling it takes minutes
COMPILED = ("gan-grid", "gan-mnist-article", "dcgan-digits", "flow-grid", U_NET)


def tiny(name: str, on_small_data: Small) -> Recipe:
    entry = entries()[name]
    recipe = on_small_data(override(entry.make(), entry.tiny))
    return replace(recipe, training=replace(recipe.training, log_every=1, sample_every=100))


@pytest.mark.parametrize("name", entries())
def test_it_builds_and_fits_its_data(name: str, on_small_data: Small) -> None:
    recipe = tiny(name, on_small_data)
    trainer = Trainer(recipe, recipe.data.open(), Engine(choose("cpu", "fp32", "off")))
    shape = trainer.data_spec.sample_shape
    real = next(trainer.reals()).real
    assert real.shape == (recipe.training.batch_size, *shape) and real.isfinite().all()
    fake = next(trainer.model().fakes(seed=0))
    assert fake.shape == (recipe.training.batch_size, *shape) and fake.isfinite().all()


@pytest.mark.parametrize("name", entries())
def test_its_metrics_can_be_measured(name: str, on_small_data: Small) -> None:
    recipe = on_small_data(entries()[name].make())
    classes = nominal_data_spec(recipe).classes
    fitting = applicable(resolve_auto(recipe, [0] * len(classes), None), recipe.metrics, classes)
    assert unavailable_metrics(recipe, fitting, classes) == {} and bool(fitting) == bool(recipe.metrics)


@pytest.mark.parametrize("name", entries())
def test_its_best_is_chosen_by_a_number_that_sees_variety(name: str) -> None:
    recipe = entries()[name].make()
    first = next(iter(best_by(recipe.training.best, recipe.metrics)), None)
    assert (first is None) == (recipe.metrics == ())
    assert first is None or first.partition("[")[0] in SEES_VARIETY


@pytest.mark.parametrize("name", entries())
def test_a_conditional_one_measures_whether_and_how_variously_classes_are_drawn(name: str) -> None:
    recipe = entries()[name].make()
    kinds = {metric.kind for metric in recipe.metrics}
    assert not recipe.conditional or ("variety" in kinds and kinds & {"labels", "nearest_class"})


@pytest.mark.parametrize("name", entries())
def test_first_steps_are_finite_and_move_every_network(name: str, on_small_data: Small) -> None:
    recipe = tiny(name, on_small_data)
    trainer = Trainer(recipe, recipe.data.open(), Engine(choose("cpu", "fp32", "off")))
    networks = trainer.networks.values()
    begun = [parameter.detach().clone() for network in networks for parameter in network.parameters()]
    steps = 2 if "discriminator" in recipe.networks else 4  # a U-Net's branches start at 0, and learn one after another
    for _ in range(steps):
        losses = trainer.step()
        of_players = {name.split(".")[0] for name in losses} - {"statistic"}
        assert of_players == {update.player for update in every_update(recipe.updates)}
        assert all(loss.isfinite() for loss in losses.values())
    ended = [parameter for network in networks for parameter in network.parameters()]
    assert all(parameter.isfinite().all() for parameter in ended)
    assert sum(not torch.equal(a, b) for a, b in zip(begun, ended, strict=True)) > 0.9 * len(begun)
    assert trainer.clock.step == steps and trainer.clock.images >= 2


@pytest.mark.parametrize("name", entries())
def test_it_comes_back_from_json(name: str) -> None:
    entry = entries()[name]
    for recipe in (entry.make(), override(entry.make(), entry.tiny)):
        text = json.dumps(to_json(recipe), allow_nan=False)
        again = recipe_from_json(json.loads(text))
        assert json.dumps(to_json(again)) == text
    assert to_json(entry.make()) == to_json(entry.make())


@pytest.mark.parametrize("name", entries())
def test_twice_as_many_steps_are_the_steps_and_a_resume(name: str, on_small_data: Small, tmp_path: Path) -> None:
    check_resume(tiny(name, on_small_data), tmp_path, steps=3, compile="off")


@pytest.mark.parametrize("name", COMPILED)
def test_twice_as_many_compiled_steps_are_the_steps_and_a_resume(
    name: str, on_small_data: Small, tmp_path: Path
) -> None:
    check_resume(tiny(name, on_small_data), tmp_path, steps=5, compile="on")


def check_resume(recipe: Recipe, folder: Path, steps: int, compile: str) -> None:
    """Weights, averages, buffers and optimizers by the bytes of their files; losses, rates and clock by the log."""
    whole, parts = folder / "whole", folder / "parts"
    honmono.train(recipe, run=whole, steps=2 * steps, device="cpu", precision="fp32", compile=compile)
    honmono.train(recipe, run=parts, steps=steps, device="cpu", precision="fp32", compile=compile)
    torch.compiler.reset()  # a resume begins in a process that has compiled nothing yet
    honmono.train(resume=parts, steps=2 * steps)
    saved = [{file.name: file.read_bytes() for file in checkpoint(run, 2 * steps)} for run in (whole, parts)]
    groups = {*recipe.networks, *(f"optimizer-{name}" for name in recipe.networks)}
    groups |= {"average"} if recipe.training.average else set()
    groups |= {"objective"} if honmono.load(whole).recipe.objective.memory() else set()
    assert set(saved[0]) == set(saved[1]) == {f"{group}.safetensors" for group in groups}
    assert [name for name in saved[0] if saved[0][name] != saved[1][name]] == []
    logged = [read(RunDirectory(run)) for run in (whole, parts)]
    other = {"seconds", "images_per_second"}
    other |= {name for name in logged[1] if name.startswith("metric.")}  # the end of the first part is measured too
    assert [name for name in logged[0] if name not in other and logged[0][name] != logged[1][name]] == []
    assert logged[0]["step"] == list(range(1, 2 * steps + 1))


def checkpoint(run: Path, step: int) -> list[Path]:
    return sorted(RunDirectory(run).checkpoint(step).glob("*.safetensors"))
