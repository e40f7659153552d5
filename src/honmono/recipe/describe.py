"""Describe a recipe: its source, quirks, fields and parameter counts, for `honmono show`."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import partial
from typing import Any

import torch

from honmono.data.base import Data, DataSpec
from honmono.data.mixtures import Mixture
from honmono.data.packing.sizes import height_and_width
from honmono.data.packing.values import ALPHA
from honmono.data.pictures import Pictures
from honmono.data.points import Points
from honmono.data.stacked import CHANNELS, StackedMNIST
from honmono.recipe.build import build_networks, count_parameters
from honmono.recipe.hyperparameters import children, leaves
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.serialize import to_json
from honmono.recipe.value import Recipe, resolve_auto


def describe_recipe(name: str, changes: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Name, source, quirks, every field by its dotted name, and the parameter counts for the recipe's own data."""
    entry = find(name)
    recipe = override(entry.make(), changes or {})
    data_spec = nominal_data_spec(recipe)
    resolved = resolve_auto(recipe, [0] * len(data_spec.classes), None)
    with torch.device("meta"):  # no memory is allocated: some networks have hundreds of millions of parameters
        networks = build_networks(resolved, data_spec)
    return {
        "name": entry.name,
        "source": entry.source,
        "summary": entry.summary,
        "quirks": list(entry.quirks),
        "fields": fields(recipe),
        "sample_shape": list(data_spec.sample_shape),
        "parameters": {player: count_parameters(network) for player, network in networks.items()},
    }


def nominal_data_spec(recipe: Recipe) -> DataSpec:
    """Sample shape and classes of the data that a recipe was written for, without reading that data.

    A recipe for any pictures counts as one for 64x64 colour pictures, without classes where `conditional` is "auto".
    """
    data: Data = recipe.data
    if isinstance(data, Mixture | Points):
        return DataSpec((2,), ())
    if isinstance(data, StackedMNIST):
        size = data.size or 28
        return DataSpec((CHANNELS, size, size), ())
    if not isinstance(data, Pictures) or data.source == "digits":
        dataset = data.open()
        return DataSpec(dataset.sample_shape, dataset.classes)
    expected_size, channels = data.expects or (data.max_size, 3)
    sides = height_and_width(data.size or min(expected_size, data.max_size))
    channels = 4 if data.ground == ALPHA else data.channels or channels
    ten = tuple(str(number) for number in range(10))
    return DataSpec((channels, *sides), ten if recipe.conditional is True else ())


def fields(recipe: Recipe) -> dict[str, Any]:
    """Every field by its dotted name, with its value as JSON; a field that holds an object has its class's name."""
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
