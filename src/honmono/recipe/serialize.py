"""Recipes as JSON and back. Only classes of an allow-list are built, so reading an untrusted file runs no code."""

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
from honmono.recipe.growth import Growth
from honmono.recipe.hyperparameters import children
from honmono.recipe.latents import Latent
from honmono.recipe.samplers import Sampler
from honmono.recipe.value import Recipe, Training


PACKAGES = ("honmono.data", "honmono.objectives", "honmono.networks", "honmono.metrics", "honmono.recipes")
MODULES = (
    *("honmono.recipe.value", "honmono.recipe.updates", "honmono.recipe.latents", "honmono.recipe.growth"),
    *("honmono.recipe.grids", "honmono.recipe.samplers", "honmono.schedules"),
)
OUTSIDE = "recipe.py:"
NOTHING: Mapping[str, Any] = {}
OPTIMIZERS = (optim.Adam, TensorFlowAdam, optim.AdamW, optim.RMSprop, optim.SGD)

# Classes that JSON written by earlier versions names differently: old name -> today's. A renamed field goes into the
# same table as "Class.old": "new", with the class's name of today. `--set` accepts the old class names too.
RENAMED = {
    "Together": "Simultaneous",
}


def to_json(value: Any) -> Any:
    """A recipe value as plain JSON: `$class` marks a dataclass, `$partial` a part that is built later."""
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
    raise Refused(f"a recipe holds {value!r}, which JSON cannot represent: use numbers, strings, tuples or dataclasses")


def from_json(value: Any, trusted: Mapping[str, Any] = NOTHING) -> Any:
    """The recipe value that `to_json` of this or an earlier version wrote.

    trusted: classes from code that the user allowed to run; in the JSON their names begin with "recipe.py:".
    Raises `Refused` for any class that is neither part of honmono nor trusted.
    """
    if isinstance(value, list):
        return tuple(from_json(item, trusted) for item in value)
    if not isinstance(value, dict):
        return value
    if "$float" in value:
        return float(value["$float"])
    kind = "$class" if "$class" in value else "$partial"
    name = current_name(str(value.get(kind)))
    parts = {key: from_json(part, trusted) for key, part in value.items() if key != kind}
    arguments = {current_name(f"{name}.{key}", key): part for key, part in parts.items()}
    cls = _resolve(name, trusted)
    if is_dataclass(cls) != (kind == "$class"):
        raise Refused(f"the recipe holds {name} as {kind}, which it is not: the file was edited; restore it")
    try:
        return cls(**arguments) if kind == "$class" else partial(cls, **arguments)
    except TypeError as error:
        raise Refused(f"the recipe's {name} does not fit this version of honmono: {error}") from error


def current_name(name: str, default: str | None = None) -> str:
    """The current name of a class or field that an earlier version named differently; else `default`, or `name`."""
    return RENAMED.get(name, name if default is None else default)


def _resolve(name: str, trusted: Mapping[str, Any]) -> Any:
    own = name.removeprefix(OUTSIDE)
    if own != name and own in trusted:
        return trusted[own]
    if name not in allowed():
        near = did_you_mean(name, allowed()) if own == name else ""
        raise Refused(
            f"the recipe needs {name}, which is not part of honmono{near}; --trust-code runs the run's recipe.py"
        )
    return allowed()[name]


def recipe_from_json(value: Any, trusted: Mapping[str, Any] = NOTHING) -> Recipe:
    """A whole recipe from JSON. Raises `Refused` where a part has the wrong type for its field."""
    recipe = from_json(value, trusted)
    if not isinstance(recipe, Recipe):
        raise Refused("this JSON does not describe a recipe")
    parts = [
        (recipe.data, Data),
        (recipe.latent, Latent),
        (recipe.objective, Objective),
        (recipe.training, Training),
        (recipe.sampler, Sampler),
        *([] if recipe.growth is None else [(recipe.growth, Growth)]),
    ]
    for part, role in parts:
        if not isinstance(part, role):
            raise Refused(f"the recipe has {part!r} for its {role.__name__}: the file was edited; restore it")
    optimizers = (recipe.optimizers.generator, recipe.optimizers.discriminator)
    for unbuilt, role in [(n, nn.Module) for n in recipe.networks.values()] + [
        (o, optim.Optimizer) for o in optimizers
    ]:
        if not (isinstance(unbuilt.func, type) and issubclass(unbuilt.func, role)):
            raise Refused(f"the recipe uses {_name(unbuilt.func)} as a {role.__name__}, which it is not")
    return recipe


def outside_classes(value: Any) -> dict[str, Any]:
    """The classes in a recipe value that are not part of honmono, by their names in its JSON."""
    cls = value.func if isinstance(value, partial) else type(value) if is_dataclass(value) else None
    found = {cls.__name__: cls} if cls and _name(cls).startswith(OUTSIDE) else {}
    for part in value if isinstance(value, tuple) else children(value).values():
        found |= outside_classes(part)
    return found


@cache
def allowed() -> dict[str, Any]:
    """Every class that a recipe's JSON may name: honmono's dataclasses and networks, and named optimizers."""
    classes: dict[str, Any] = {cls.__name__: cls for cls in OPTIMIZERS}
    modules = [importlib.import_module(name) for name in MODULES]
    for package in (importlib.import_module(name) for name in PACKAGES):
        found = pkgutil.iter_modules(package.__path__)
        modules += [importlib.import_module(f"{package.__name__}.{module.name}") for module in found]
    for module in modules:
        for name, cls in vars(module).items():
            defined_here = isinstance(cls, type) and cls.__module__ == module.__name__ and not name.startswith("_")
            if defined_here and (is_dataclass(cls) or issubclass(cls, nn.Module)):
                assert name not in classes, f"two classes are named {name}"
                classes[name] = cls
    return classes


def _name(cls: Any) -> str:
    """A class's name in JSON; one that is not in the allow-list is marked as from the run's recipe.py."""
    return cls.__name__ if allowed().get(cls.__name__) is cls else f"{OUTSIDE}{cls.__name__}"
