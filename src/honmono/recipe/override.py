"""`--set field=value`: change fields of a recipe by dotted name, checked against their types."""

import ast
import inspect
import types
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from functools import partial
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from honmono.errors import Refused, did_you_mean
from honmono.recipe.hyperparameters import SUPPLIED_BY_TRAINER, children, hyperparameters, leaves
from honmono.recipe.serialize import allowed, current_name
from honmono.recipe.value import Recipe


KEYWORDS = {"true": True, "on": True, "false": False, "off": False, "none": None, "null": None}
SUPPLIED = frozenset[str]().union(*SUPPLIED_BY_TRAINER.values())


def override(recipe: Recipe, changes: Mapping[str, object]) -> Recipe:
    """The recipe with every dotted field in `changes` replaced by its value, or by its text read as the field's type.

    Texts are Python literals (`0.5`, `(0.5, 0.9)`, `true`, `none`), unquoted strings, constructor calls
    (`Cosine(images=100_000)`), or tuples of these. Raises `Refused` for an unknown name or a value of another type,
    naming the nearest known name or the expected type. The order of changes does not matter: one that is refused is
    tried again after the others.
    """
    pending = dict(changes)
    while pending:
        refused: dict[str, Refused] = {}
        for path, given in pending.items():
            try:
                recipe = _replace(recipe, path.split("."), given, path, recipe, Recipe)
            except Refused as error:
                refused[path] = error
        if len(refused) == len(pending):
            raise next(iter(refused.values()))
        pending = {path: pending[path] for path in refused}
    return recipe


def _replace(value: Any, keys: list[str], given: object, path: str, recipe: Recipe, annotation: Any) -> Any:
    if not keys:
        return _read(given, annotation, value, path)
    head, *rest = keys
    parts = children(value)
    if head not in parts:
        every = leaves(recipe)
        tails = [name for name in every if name.endswith(f".{path}")]  # `lr` for `optimizers.generator.lr`
        near = f"; did you mean '{tails[0]}'?" if tails else did_you_mean(path, every) or did_you_mean(head, parts)
        here = path.rsplit("." + ".".join(keys), 1)[0] if path != ".".join(keys) else "the recipe"
        has = f"has: {', '.join(parts)}" if parts else f"is {_format(value)} now"
        raise Refused(f"--set {path}: no field '{head}' there{near} ({here} {has})")
    new = _replace(parts[head], rest, given, path, recipe, _annotation(value, head, annotation))
    return _rebuild(value, head, new, path)


def _rebuild(value: Any, name: str, new: Any, path: str) -> Any:
    try:
        if isinstance(value, partial):
            return partial(value.func, **{**value.keywords, name: new})
        if isinstance(value, tuple):
            return (*value[: int(name)], new, *value[int(name) + 1 :])
        return replace(value, **{name: new})
    except Refused:
        raise
    except (TypeError, ValueError) as error:
        raise Refused(f"--set {path}: {error}") from error


def _annotation(value: Any, name: str, declared: Any) -> Any:
    """The declared type of a part of `value`, whose own type is `declared`; Any where there is none."""
    arguments = get_args(declared)
    if isinstance(value, tuple):
        if not arguments:
            return Any
        return arguments[0] if arguments[-1] is Ellipsis else arguments[int(name)]
    owner = type(value)
    if isinstance(value, partial):
        owner = value.func.__init__ if isinstance(value.func, type) else value.func
    hint = get_type_hints(owner).get(name, Any)
    if isinstance(hint, TypeVar):  # Pair[Schedule]: its T is a Schedule
        parameters = getattr(get_origin(declared), "__parameters__", ())
        return next((given for name, given in zip(parameters, arguments, strict=False) if name == hint), Any)
    return hint


def _read(given: object, annotation: Any, current: Any, path: str) -> Any:
    if annotation is Any or isinstance(annotation, TypeVar):
        annotation = type(current) if current is not None else Any
    text = given if isinstance(given, str) else str(given)
    for candidate in (_literal(text, path), text) if given is text else (given, _literal(text, path)):
        fitted, ok = conform(candidate, annotation)
        if ok:
            return fitted
    raise Refused(f"--set {path}={text}: expected {describe(annotation)}; it is {_format(current)} now")


def _literal(text: str, path: str) -> Any:
    try:
        return _value(ast.parse(text.strip(), mode="eval").body, path)
    except Refused:
        raise
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):  # what `literal_eval` may raise
        return text


def _value(node: ast.expr, path: str) -> Any:
    if isinstance(node, ast.Name):
        return KEYWORDS.get(node.id.lower(), node.id)
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_value(item, path) for item in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        keywords = {one.arg or "**": _value(one.value, path) for one in node.keywords}
        return _construct(node.func.id, [_value(argument, path) for argument in node.args], keywords, path)
    return ast.literal_eval(node)


def _construct(name: str, positional: list[Any], keywords: dict[str, Any], path: str) -> Any:
    """The value of `name(*positional, **keywords)`, its arguments checked against their types.

    A dataclass is constructed; a network or an optimizer becomes a partial, to be built by the trainer.
    """
    name = current_name(name)
    if name not in allowed():
        raise Refused(f"--set {path}: no class is named {name}{did_you_mean(name, allowed())}")
    cls: Any = allowed()[name]
    complete = is_dataclass(allowed()[name])  # not of `cls`, whose type a checker would narrow
    parameters = hyperparameters(cls, frozenset() if complete else SUPPLIED)
    try:
        arguments = inspect.Signature(list(parameters.values())).bind_partial(*positional, **keywords).arguments
        hints = get_type_hints(cls.__init__)
        for field, value in arguments.items():
            arguments[field], fits = conform(value, hints.get(field, Any))
            if not fits:
                raise Refused(f"--set {path}: {name}({field}={value}): expected {describe(hints[field])}")
        return cls(**arguments) if complete else partial(cls, **arguments)
    except TypeError as error:
        raise Refused(f"--set {path}: {name}: {error} (it takes: {', '.join(parameters)})") from error


def conform(value: Any, annotation: Any) -> tuple[Any, bool]:
    """`value` as the annotated type (an int is accepted as a float, a list as a tuple), and whether it fits."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any or isinstance(annotation, TypeVar):
        return value, True
    if origin is Literal:
        return value, any(value == choice and type(value) is type(choice) for choice in arguments)
    if origin in (Union, types.UnionType):
        attempts = [conform(value, member) for member in arguments]
        return next((fit for fit in attempts if fit[1]), (value, False))
    if origin is tuple or annotation is tuple:
        return _conform_tuple(value, arguments)
    if annotation is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value), True
    if annotation in (int, float) and isinstance(value, bool):
        return value, False
    if annotation is types.NoneType or annotation is None:
        return value, value is None
    cls = origin or annotation
    return value, isinstance(cls, type) and isinstance(value, cls)


def _conform_tuple(value: Any, arguments: tuple[Any, ...]) -> tuple[Any, bool]:
    if not isinstance(value, tuple | list):
        return value, False
    if not arguments:
        return tuple(value), True
    members = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
    attempts = [conform(item, member) for item, member in zip(value, members, strict=False)]
    return tuple(fit for fit, _ in attempts), len(members) == len(value) and all(ok for _, ok in attempts)


def describe(annotation: Any) -> str:
    """An annotated type as messages name it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(describe(member) for member in arguments))
    if annotation in (types.NoneType, None):
        return "none"
    if origin is tuple and arguments:
        return "(" + ", ".join("..." if member is Ellipsis else describe(member) for member in arguments) + ")"
    if made := [name for name, cls in sorted(allowed().items()) if _constructs(cls, annotation)]:
        return " or ".join(f"{name}(...)" for name in made)
    return "true or false" if annotation is bool else getattr(annotation, "__name__", str(annotation))


def _constructs(cls: type, annotation: Any) -> bool:
    """Whether `name(...)` of this class gives a value of the annotated type; classes that are no dataclass give a
    partial."""
    if annotation is partial:
        return not is_dataclass(cls)
    return isinstance(annotation, type) and issubclass(cls, annotation) and not inspect.isabstract(cls)


def _format(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_format, value)) + ")"
    if children(value) or is_dataclass(value):
        return f"{value.func.__name__ if isinstance(value, partial) else type(value).__name__}(...)"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
