"""The fields of a recipe's values: bound to their signatures, and named by dotted names."""

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

from honmono.errors import Refused, did_you_mean


# What the trainer supplies when it builds a network or an optimizer; everything else is a hyper-parameter.
INTERFACE = {
    "generator": frozenset({"latent_dim", "sample_shape", "num_classes"}),
    "discriminator": frozenset({"sample_shape", "num_classes"}),
    "optimizers": frozenset({"params"}),
}


def canonical(unbuilt: partial, interface: frozenset[str], where: str) -> partial:
    """The same partial with every hyper-parameter by keyword and every default written out.

    Raises `Refused` where the class does not accept a keyword that the recipe sets or that the trainer supplies.
    """
    if not isinstance(unbuilt, partial):
        raise Refused(f"{where} must be a functools.partial of a class, not {unbuilt!r}")
    made, signature = unbuilt.func.__name__, hyper_parameters(unbuilt.func, interface)
    if alien := _not_taken(unbuilt.func, interface):
        raise Refused(f"{where}: {made} does not take {', '.join(alien)}, which it would be given")
    for name in unbuilt.keywords:
        if name not in signature:
            kind = "is supplied when it is built" if name in interface else "is not one of its arguments"
            raise Refused(f"{where}: {name} {kind} ({made}){did_you_mean(name, signature)}")
    try:
        bound = inspect.Signature(list(signature.values())).bind_partial(*unbuilt.args, **unbuilt.keywords)
    except TypeError as error:
        raise Refused(f"{where}: {made}: {error}; give its arguments by keyword") from error
    bound.apply_defaults()
    missing = [name for name in signature if name not in bound.arguments]
    if missing:
        raise Refused(f"{where}: {made} needs a value for {', '.join(missing)}")
    given = {name: _like(signature[name].default, value) for name, value in bound.arguments.items()}
    return partial(unbuilt.func, **given)


def _like(default: Any, value: Any) -> Any:
    """`value` with floats in place of ints where the default has floats: torch's Adam refuses `betas=(0, 0.9)`."""
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if isinstance(default, tuple) and isinstance(value, tuple | list) and len(value) == len(default):
        return tuple(map(_like, default, value))
    return value


def hyper_parameters(cls: Callable[..., Any], interface: frozenset[str]) -> dict[str, inspect.Parameter]:
    """The parameters of a class's constructor that a recipe may set; `*args` and `**kwargs` have no names to set."""
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(cls).parameters.items()
    return {name: one for name, one in parameters if name not in interface and one.kind not in variadic}


def _not_taken(cls: Callable[..., Any], interface: frozenset[str]) -> list[str]:
    parameters = inspect.signature(cls).parameters
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    return [] if takes_any else sorted(interface - parameters.keys())


def children(value: Any) -> dict[str, Any]:
    """The named parts of a recipe value: dataclass fields, a partial's keywords, a tuple's places; {} for a leaf."""
    if isinstance(value, partial):
        return dict(value.keywords)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, tuple) and any(children(item) for item in value):
        return {str(place): item for place, item in enumerate(value)}
    return {}


def leaves(value: Any, prefix: str = "") -> dict[str, Any]:
    """Every field of a recipe by its dotted name, as `--set` and `honmono show` name it."""
    parts = children(value)
    if not parts:
        return {prefix: value}
    return {k: v for name, part in parts.items() for k, v in leaves(part, f"{prefix}.{name}".lstrip(".")).items()}
