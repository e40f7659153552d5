"""Recipes as JSON: equal for equal recipes, the same recipe back, and no way in for a stranger's code."""

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from torch import nn, optim

from honmono.errors import Refused
from honmono.metrics.fid import FID
from honmono.metrics.modes import ModeCoverage
from honmono.networks.mlp import MLPGenerator
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe.registry import entries, find
from honmono.recipe.serialize import RENAMED, allowed, outside_classes, recipe_from_json, to_json
from honmono.recipe.updates import Simultaneous, Update, WarmUp
from honmono.recipe.value import Average, Pair, Recipe, Training
from honmono.schedules import Cosine


def text(value: Any) -> str:
    return json.dumps(to_json(value), allow_nan=False)


def back(value: Any) -> Any:
    return recipe_from_json(json.loads(text(value)))


def grid_json(**parts: Any) -> dict[str, Any]:
    """A right recipe's JSON, some of its parts replaced."""
    return json.loads(text(find("gan-grid").make())) | parts


@pytest.mark.parametrize("name", sorted(entries()))
def test_every_recipe_comes_back_the_same(name: str) -> None:
    recipe = find(name).make()
    assert text(back(recipe)) == text(recipe) == text(find(name).make())


def test_every_kind_of_value_comes_back() -> None:
    recipe = replace(
        find("gan-grid").make(),
        updates=(
            Simultaneous((Update("generator"), Update("discriminator", count=WarmUp()))),
            Update("generator", "z"),
        ),
        training=Training(average=Average(ramp=float("inf")), learning_rates=Pair(Cosine())),
        optimizers=Pair(partial(optim.SGD, lr=0.1), partial(optim.RMSprop, lr=0.2)),
        metrics=(FID(features="mnist", fakes=5), ModeCoverage()),
    )
    again = back(recipe)
    assert (again.updates, again.training, again.metrics) == (recipe.updates, recipe.training, recipe.metrics)
    assert again.optimizers.generator.func is optim.SGD
    assert again.optimizers.discriminator.keywords == recipe.optimizers.discriminator.keywords
    assert again.generator.keywords == recipe.generator.keywords


def test_equal_recipes_have_equal_json_however_they_were_written() -> None:
    recipe = find("gan-grid").make()
    spelt_out = replace(
        recipe,
        generator=partial(MLPGenerator, output="linear", batch_norm=True, activation="relu", widths=(128, 128, 128)),
        objective=NonSaturating(penalties=(), scores="logits", together="auto"),
        optimizers=Pair(recipe.optimizers.generator, partial(optim.Adam, lr=1e-3, betas=(0.5, 0.999), eps=1e-8)),
    )
    assert text(spelt_out) == text(recipe)
    assert text(replace(recipe, generator=partial(MLPGenerator, widths=(128, 128)))) != text(recipe)


def test_unset_defaults_are_recorded() -> None:
    value = grid_json()
    assert value["generator"]["activation"] == "relu"
    assert value["optimizers"]["discriminator"]["eps"] == 1e-8
    assert value["training"]["average"] is None and value["training"]["keep"] == 3
    assert value["data"]["draw_seed"] == 0


@pytest.mark.parametrize("value", [print, object(), {1, 2}, b"bytes", nn.Linear])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(Refused, match="which JSON cannot represent"):
        to_json(value)


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "system",
        "posix.system",
        "builtins.eval",
        "eval",
        "subprocess.Popen",
        "torch.load",
        "torch.nn.Linear",
        "Linear2",
        "honmono.cli.main",
        "honmono.networks.mlp.MLPGenerator",
        "networks.mlp.MLPGenerator",
        "Path",
        "partial",
        "recipe.py:Evil",
        "recipe.py:os.system",
        "find",
    ],
)
@pytest.mark.parametrize("kind", ["$partial", "$class"])
@pytest.mark.parametrize("place", ["generator", "objective", "data", "optimizers", "metrics"])
def test_a_name_that_is_not_honmono_s_own_is_refused_and_runs_nothing(
    tmp_path: Path, name: str, kind: str, place: str
) -> None:
    touched = tmp_path / "touched"
    part = {kind: name, "command": f"touch {touched}", "args": ["touch", str(touched)]}
    with pytest.raises(Refused, match="which is not part of honmono.*--trust-code") as refusal:
        recipe_from_json(grid_json(**{place: part}))
    assert name in str(refusal.value) and "\n" not in str(refusal.value)
    assert not touched.exists()


def test_a_misspelt_class_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(Refused, match="did you mean 'MLPGenerator'"):
        recipe_from_json(grid_json(generator={"$partial": "MLPGenerater"}))


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"objective": {"$class": "Average"}}, "for its Objective"),
        ({"data": {"$class": "Normal", "dim": 3}}, "for its Data"),
        ({"latent": None}, "for its Latent"),
        ({"generator": {"$class": "MLPGenerator"}}, "holds MLPGenerator as \\$class, which it is not"),
        ({"generator": {"$partial": "Grid"}}, "holds Grid as \\$partial, which it is not"),
        ({"generator": {"$partial": "Adam", "lr": 1.0}}, "generator: Adam .* latent_dim"),
        ({"generator": {"$partial": "MLPGenerator", "widht": 1}}, "widht is not one of its arguments"),
        ({"training": {"$class": "Training", "speed": 1}}, "Training does not fit this version"),
        ({"training": {"$class": "Training", "steps": 0}}, "training.steps is 0"),
        ({"latent": {"$class": "Latent", "dim": 1}}, "Latent does not fit this version"),
        ({"metrics": [{"$class": "Average"}]}, "metrics must be a tuple of metrics"),
        ({"metrics": {"$class": "ModeCoverage"}}, "metrics must be a tuple of metrics"),
        ({"metrics": [{"$class": "Metric"}]}, "Metric does not fit this version"),
        ({"metrics": [{"$class": "FID", "features": "mnits"}]}, "mnist"),
    ],
)
def test_parts_in_the_wrong_place_are_refused(part: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        recipe_from_json(grid_json(**part))


@pytest.mark.parametrize("value", [None, 3, [], {"$class": "Grid"}, {"$class": "Normal", "dim": 2}])
def test_json_of_something_else_holds_no_recipe(value: Any) -> None:
    with pytest.raises(Refused, match="does not describe a recipe"):
        recipe_from_json(value)


def old(value: Any) -> Any:
    """JSON with today's class names replaced by those of earlier versions."""
    if isinstance(value, list):
        return [old(item) for item in value]
    if not isinstance(value, dict):
        return value
    names = {today: before for before, today in RENAMED.items()}
    return {key: names.get(part, part) if key.startswith("$") else old(part) for key, part in value.items()}


@pytest.mark.parametrize("name", ["coulomb-grid", "coulomb-cifar10-paper", "pacgan-grid"])
def test_json_with_a_class_s_earlier_name_is_the_same_recipe(name: str) -> None:
    recipe = find(name).make()
    before = old(json.loads(text(recipe)))
    assert before["updates"][0]["$class"] == "Together" and before != json.loads(text(recipe))
    again = recipe_from_json(before)
    assert text(again) == text(recipe) and isinstance(again.updates[0], Simultaneous)


def test_every_renamed_class_has_a_name_of_today_and_hides_none() -> None:
    classes = {today for before, today in RENAMED.items() if "." not in before}
    assert classes <= set(allowed()) and not set(RENAMED) & set(allowed())


def test_the_allow_list_holds_honmono_s_classes_and_four_optimizers_of_torch() -> None:
    foreign = {name for name, cls in allowed().items() if not cls.__module__.startswith("honmono.")}
    assert foreign == {"Adam", "AdamW", "RMSprop", "SGD"}
    assert all(cls.__module__.split(".")[1] not in {"training", "cli", "runs"} for cls in allowed().values())


@dataclass(frozen=True)
class Mine(NonSaturating):
    """A class of a user's own."""


@dataclass(frozen=True)
class NonSaturatingToo:
    """Has no fields at all."""


def of_my_own() -> Recipe:
    return replace(find("gan-grid").make(), objective=Mine(together=True))


def test_a_user_s_own_classes_come_back_only_when_they_are_trusted() -> None:
    value = json.loads(text(of_my_own()))
    assert value["objective"]["$class"] == "recipe.py:Mine"
    with pytest.raises(Refused, match="recipe.py:Mine, which is not part of honmono"):
        recipe_from_json(value)
    assert recipe_from_json(value, {"Mine": Mine}).objective == Mine(together=True)


def test_a_user_s_class_never_passes_for_one_of_honmono_s() -> None:
    imposter = type("MLPGenerator", (nn.Module,), {})
    assert to_json(partial(imposter)) == {"$partial": "recipe.py:MLPGenerator"}
    assert recipe_from_json(grid_json(), {"MLPGenerator": imposter}).generator.func is MLPGenerator


def test_outside_classes_are_found_wherever_they_stand() -> None:
    assert outside_classes(find("gan-grid").make()) == {}
    assert outside_classes(of_my_own()) == {"Mine": Mine}
    assert outside_classes((partial(nn.Linear), (NonSaturatingToo(),))) == {
        "Linear": nn.Linear,
        "NonSaturatingToo": NonSaturatingToo,
    }
