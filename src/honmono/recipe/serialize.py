"""Recipes as JSON and back. What comes back is built by an allow-list: a file from a stranger runs no code."""

import importlib
import math
import pkgutil
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from typing import Any

from torch import nn, optim

from honmono.data.base import Data
from honmono.errors import Refused, did_you_mean
from honmono.objectives.base import Objective
from honmono.recipe.adam import TensorFlowAdam
from honmono.recipe.fields import children
from honmono.recipe.growth import Growth
from honmono.recipe.latents import Latent
from honmono.recipe.value import Recipe, Training


PACKAGES = ("data", "objectives", "networks", "metrics", "recipes")
MODULES = ("recipe.value", "recipe.updates", "recipe.latents", "recipe.growth", "recipe.grids", "schedules")
OUTSIDE = "recipe.py:"
NOTHING: Mapping[str, Any] = {}
OPTIMIZERS = (optim.Adam, TensorFlowAdam, optim.AdamW, optim.RMSprop, optim.SGD)


def to_json(value: Any) -> Any:
    """A recipe value as plain JSON: `$class` marks a dataclass, `$partial` what is not built yet."""
    if isinstance(value, partial):
        return {"$partial": _name(value.func), **{k: to_json(v) for k, v in value.keywords.items()}}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            "$class": _name(type(value)),
            **{f.name: to_json(getattr(value, f.name)) for f in fields(value)},
        }
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}  # JSON has no infinity
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise Refused(f"a recipe holds {value!r}, which JSON cannot: use numbers, text, tuples, dataclasses or partials")


def from_json(value: Any, trusted: Mapping[str, Any] = NOTHING) -> Any:
    """The recipe value that `to_json` wrote. Raises `Refused` for any class that is neither honmono's own nor trusted.

    trusted: classes from code that the user allowed to run; in the JSON their names begin with "recipe.py:".
    """
    if isinstance(value, list):
        return tuple(from_json(item, trusted) for item in value)
    if not isinstance(value, dict):
        return value
    if "$float" in value:
        return float(value["$float"])
    kind = "$class" if "$class" in value else "$partial"
    words = {key: from_json(part, trusted) for key, part in value.items() if key != kind}
    name = str(value.get(kind))
    cls = _resolve(name, trusted)
    if is_dataclass(cls) != (kind == "$class"):
        raise Refused(f"the recipe holds {name} as {kind}, which it is not: the file was changed by hand")
    try:
        return cls(**words) if kind == "$class" else partial(cls, **words)
    except TypeError as error:
        raise Refused(f"the recipe's {name} does not fit this version of honmono: {error}") from error


def _resolve(name: str, trusted: Mapping[str, Any]) -> Any:
    own = name.removeprefix(OUTSIDE)
    if own != name and own in trusted:
        return trusted[own]
    if name not in allowed():
        near = did_you_mean(name, allowed()) if own == name else ""
        raise Refused(
            f"the recipe needs {name}, which is not honmono's own{near}; --trust-code runs the run's recipe.py"
        )
    return allowed()[name]


def recipe_from_json(value: Any, trusted: Mapping[str, Any] = NOTHING) -> Recipe:
    """A whole recipe from JSON, each part checked for its role."""
    recipe = from_json(value, trusted)
    if not isinstance(recipe, Recipe):
        raise Refused("this JSON holds no recipe")
    parts = [
        (recipe.data, Data),
        (recipe.latent, Latent),
        (recipe.objective, Objective),
        (recipe.training, Training),
        *([] if recipe.growth is None else [(recipe.growth, Growth)]),
    ]
    for part, role in parts:
        if not isinstance(part, role):
            raise Refused(f"the recipe has {part!r} for its {role.__name__}: the file was changed by hand")
    networks = (recipe.generator, recipe.discriminator)
    optimizers = (recipe.optimizers.generator, recipe.optimizers.discriminator)
    for unbuilt, role in [(n, nn.Module) for n in networks] + [(o, optim.Optimizer) for o in optimizers]:
        if not (isinstance(unbuilt.func, type) and issubclass(unbuilt.func, role)):
            raise Refused(f"the recipe uses {_name(unbuilt.func)} as a {role.__name__}, which it is not")
    return recipe


def outside_classes(value: Any) -> dict[str, Any]:
    """The classes within a recipe value that are not honmono's own, by the names that its JSON gives them."""
    made = value.func if isinstance(value, partial) else type(value) if is_dataclass(value) else None
    found = {made.__name__: made} if made and _name(made).startswith(OUTSIDE) else {}
    for part in value if isinstance(value, tuple) else children(value).values():
        found |= outside_classes(part)
    return found


@cache
def allowed() -> dict[str, Any]:
    """Every class that a recipe's JSON may name: honmono's dataclasses and networks, and named torch optimizers."""
    classes: dict[str, Any] = {cls.__name__: cls for cls in OPTIMIZERS}
    modules = [importlib.import_module(f"honmono.{name}") for name in MODULES]
    for package in (importlib.import_module(f"honmono.{name}") for name in PACKAGES):
        found = pkgutil.iter_modules(package.__path__)
        modules += [importlib.import_module(f"{package.__name__}.{module.name}") for module in found]
    for module in modules:
        for name, cls in vars(module).items():
            mine = isinstance(cls, type) and cls.__module__ == module.__name__ and not name.startswith("_")
            if mine and (is_dataclass(cls) or issubclass(cls, nn.Module)):
                assert name not in classes, f"two classes are named {name}"
                classes[name] = cls
    return classes


def _name(cls: Any) -> str:
    """A class's bare name where the allow-list has it, else one that only the trusted recipe.py can resolve."""
    return cls.__name__ if allowed().get(cls.__name__) is cls else f"{OUTSIDE}{cls.__name__}"
