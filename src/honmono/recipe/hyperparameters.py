"""Hyperparameters: the bound arguments of networks and optimizers, and all fields of a recipe by dotted name."""

import inspect
from collections.abc import Callable, Mapping, Set
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

from honmono.errors import Refused, did_you_mean


# What the trainer supplies when it builds a network or an optimizer; everything else is a hyperparameter.
SUPPLIED_BY_TRAINER = {
    "generator": frozenset({"latent_dim", "sample_shape", "num_classes"}),
    "discriminator": frozenset({"sample_shape", "num_classes"}),
    "optimizers": frozenset({"params"}),
}


def canonical(parts: Mapping[str, partial], without: Set[str]) -> dict[str, partial]:
    """Networks and optimizers by name ("generator", "optimizers.generator"), each as `_canonical`.

    without: keywords that the trainer supplies to no part of this recipe.
    """
    return {
        where: _canonical(unbuilt, SUPPLIED_BY_TRAINER[where.partition(".")[0]] - without, where)
        for where, unbuilt in parts.items()
    }


def _canonical(unbuilt: partial, supplied: frozenset[str], where: str) -> partial:
    """The same partial with every hyperparameter by keyword and every default filled in.

    supplied: the keywords that the trainer passes when it builds the part.
    where: the part's name, for error messages.
    Raises `Refused` where the class does not accept a keyword that the recipe sets or that the trainer supplies.
    """
    if not isinstance(unbuilt, partial):
        raise Refused(f"{where} must be a functools.partial of a class, not {unbuilt!r}")
    cls_name, signature = unbuilt.func.__name__, hyperparameters(unbuilt.func, supplied)
    if missing_names := _missing_parameters(unbuilt.func, supplied):
        raise Refused(
            f"{where}: {cls_name} must accept the keyword(s) {', '.join(missing_names)}, which honmono supplies"
        )
    for name in unbuilt.keywords:
        if name not in signature:
            kind = "is supplied by honmono, not set in a recipe" if name in supplied else "is not one of its arguments"
            raise Refused(f"{where}: {name} {kind} ({cls_name}){did_you_mean(name, signature)}")
    try:
        bound = inspect.Signature(list(signature.values())).bind_partial(*unbuilt.args, **unbuilt.keywords)
    except TypeError as error:
        raise Refused(f"{where}: {cls_name}: {error}; give its arguments by keyword") from error
    bound.apply_defaults()
    missing = [name for name in signature if name not in bound.arguments]
    if missing:
        raise Refused(f"{where}: {cls_name} needs a value for {', '.join(missing)}: give it in its partial(...)")
    given = {name: _with_types_of(signature[name].default, value) for name, value in bound.arguments.items()}
    return partial(unbuilt.func, **given)


def _with_types_of(default: Any, value: Any) -> Any:
    """`value` with ints converted to float where the default is a float: torch's Adam refuses `betas=(0, 0.9)`."""
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if isinstance(default, tuple) and isinstance(value, tuple | list) and len(value) == len(default):
        return tuple(map(_with_types_of, default, value))
    return value


def hyperparameters(cls: Callable[..., Any], supplied: frozenset[str]) -> dict[str, inspect.Parameter]:
    """The constructor's parameters that a recipe may set: all but the supplied ones, `*args` and `**kwargs`."""
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(cls).parameters.items()
    return {name: one for name, one in parameters if name not in supplied and one.kind not in variadic}


def _missing_parameters(cls: Callable[..., Any], supplied: frozenset[str]) -> list[str]:
    parameters = inspect.signature(cls).parameters
    accepts_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    return [] if accepts_any else sorted(supplied - parameters.keys())


def children(value: Any) -> dict[str, Any]:
    """The named parts of a recipe value: a dataclass's fields, a partial's keywords, a tuple's items; {} for a leaf."""
    if isinstance(value, partial):
        return dict(value.keywords)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, tuple) and any(children(item) for item in value):
        return {str(place): item for place, item in enumerate(value)}
    return {}


def part_at(value: Any, path: str, default: Any) -> Any:
    """The part with a dotted name, a leaf or not; the default where there is none."""
    for name in path.split("."):
        value = children(value).get(name, default)
        if value is default:
            break
    return value


def leaves(value: Any, prefix: str = "") -> dict[str, Any]:
    """Every field of a recipe by its dotted name, as in `--set` and `honmono show`."""
    parts = children(value)
    if not parts:
        return {prefix: value}
    return {k: v for name, part in parts.items() for k, v in leaves(part, f"{prefix}.{name}".lstrip(".")).items()}
