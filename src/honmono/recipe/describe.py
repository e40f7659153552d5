"""A recipe in words and numbers, for `honmono show`."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import partial
from typing import Any

import torch

from honmono.data.base import Data, Interface
from honmono.data.mixtures import Mixture
from honmono.data.pictures import Pictures
from honmono.data.points import Points
from honmono.data.stacked import CHANNELS, StackedMNIST
from honmono.recipe.build import build_networks, count_parameters
from honmono.recipe.fields import children, leaves
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.serialize import to_json
from honmono.recipe.value import Recipe, settled


def describe_recipe(name: str, changes: Mapping[str, str]) -> dict[str, Any]:
    """Name, source, quirks, every field by its dotted name, and the parameters for the recipe's own data."""
    entry = find(name)
    recipe = override(entry.make(), changes)
    interface = nominal_interface(recipe)
    decided = settled(recipe, [0] * len(interface.classes), None)
    with torch.device("meta"):  # shapes without numbers: some networks have hundreds of millions
        networks = dict(zip(("generator", "discriminator"), build_networks(decided, interface), strict=True))
    return {
        "name": entry.name,
        "source": entry.source,
        "summary": entry.summary,
        "quirks": list(entry.quirks),
        "fields": fields(recipe),
        "sample_shape": list(interface.sample_shape),
        "parameters": {player: count_parameters(network) for player, network in networks.items()},
    }


def nominal_interface(recipe: Recipe) -> Interface:
    """Shape and classes of the data that a recipe was written for; 64x64 colour where it takes any pictures, without
    classes where it leaves them to the data."""
    data: Data = recipe.data
    if isinstance(data, Mixture | Points):
        return Interface((2,), ())
    if isinstance(data, StackedMNIST):
        size = data.size or 28
        return Interface((CHANNELS, size, size), ())
    if not isinstance(data, Pictures) or data.source == "digits":
        dataset = data.open()
        return Interface(dataset.sample_shape, dataset.classes)
    written_for, channels = data.expects or (data.max_size, 3)
    size = data.size or min(written_for, data.max_size)
    ten = tuple(str(number) for number in range(10))
    return Interface((data.channels or channels, size, size), ten if recipe.conditional is True else ())


def fields(recipe: Recipe) -> dict[str, Any]:
    """Every field by its dotted name, values as JSON; classes under the name of the part that they make."""
    named = {f"{path}": _kind(part) for path, part in _parts(recipe).items() if _kind(part)}
    plain = {path: to_json(value) for path, value in leaves(recipe).items()}
    return dict(sorted({**plain, **named}.items()))


def _parts(value: Any, prefix: str = "") -> dict[str, Any]:
    inner = {f"{prefix}.{name}".lstrip("."): part for name, part in children(value).items()}
    return inner | {k: v for path, part in inner.items() for k, v in _parts(part, path).items()}


def _kind(value: Any) -> str | None:
    if isinstance(value, partial):
        return value.func.__name__
    return type(value).__name__ if is_dataclass(value) else None
