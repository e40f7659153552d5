"""`--set field=value`: changing one field of a recipe, typed, refused with the nearest right name."""

import ast
import inspect
import types
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from functools import partial
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from honmono.errors import Refused, did_you_mean
from honmono.recipe.fields import INTERFACE, children, hyper_parameters, leaves
from honmono.recipe.serialize import allowed
from honmono.recipe.value import Recipe


WORDS = {"true": True, "on": True, "false": False, "off": False, "none": None, "null": None}
SUPPLIED = frozenset[str]().union(*INTERFACE.values())


def override(recipe: Recipe, changes: Mapping[str, object]) -> Recipe:
    """The recipe with every dotted field in `changes` replaced by its value, or by its text read as the field's type.

    Texts are Python literals (`0.5`, `(0.5, 0.9)`, `true`, `none`), plain words, values by their constructors
    (`Cosine(images=100_000)`), or tuples of them. Raises `Refused` for a name or a type that does not fit. Their order
    does not decide what is refused: a change that needs others is tried again after them.
    """
    waiting = dict(changes)
    while waiting:
        refused: dict[str, Refused] = {}
        for path, given in waiting.items():
            try:
                recipe = _replace(recipe, path.split("."), given, path, recipe, Recipe)
            except Refused as error:
                refused[path] = error
        if len(refused) == len(waiting):
            raise next(iter(refused.values()))
        waiting = {path: waiting[path] for path in refused}
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
        has = f"has: {', '.join(parts)}" if parts else f"is {_show(value)} now"
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
    """The type of a part of `value`, itself declared as `declared`; Any where nothing usable is declared."""
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
    raise Refused(f"--set {path}={text}: expected {describe(annotation)}; it is {_show(current)} now")


def _literal(text: str, path: str) -> Any:
    try:
        return _value(ast.parse(text.strip(), mode="eval").body, path)
    except Refused:
        raise
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):  # all that `literal_eval` may raise
        return text


def _value(node: ast.expr, path: str) -> Any:
    if isinstance(node, ast.Name):
        return WORDS.get(node.id.lower(), node.id)
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_value(item, path) for item in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        words = {word.arg or "**": _value(word.value, path) for word in node.keywords}
        return _construct(node.func.id, [_value(place, path) for place in node.args], words, path)
    return ast.literal_eval(node)


def _construct(name: str, places: list[Any], words: dict[str, Any], path: str) -> Any:
    """What `name(*places, **words)` makes, its arguments checked as fields are; what is built later stays unbuilt."""
    if name not in allowed():
        raise Refused(f"--set {path}: honmono has nothing named {name}{did_you_mean(name, allowed())}")
    cls: Any = allowed()[name]
    complete = is_dataclass(allowed()[name])
    parameters = hyper_parameters(cls, frozenset() if complete else SUPPLIED)
    try:
        arguments = inspect.Signature(list(parameters.values())).bind_partial(*places, **words).arguments
        hints = get_type_hints(cls.__init__)
        for field, value in arguments.items():
            arguments[field], fits = conform(value, hints.get(field, Any))
            if not fits:
                raise Refused(f"--set {path}: {name}({field}={value}): expected {describe(hints[field])}")
        return cls(**arguments) if complete else partial(cls, **arguments)
    except TypeError as error:
        raise Refused(f"--set {path}: {name}: {error} (it takes: {', '.join(parameters)})") from error


def conform(value: Any, annotation: Any) -> tuple[Any, bool]:
    """`value` as the annotated type (an int serves as a float, a list as a tuple), and whether it fits at all."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any or isinstance(annotation, TypeVar):
        return value, True
    if origin is Literal:
        return value, any(value == choice and type(value) is type(choice) for choice in arguments)
    if origin in (Union, types.UnionType):
        tries = [conform(value, member) for member in arguments]
        return next((fit for fit in tries if fit[1]), (value, False))
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
    tries = [conform(item, member) for item, member in zip(value, members, strict=False)]
    return tuple(fit for fit, _ in tries), len(members) == len(value) and all(ok for _, ok in tries)


def describe(annotation: Any) -> str:
    """An annotated type in plain words, for messages."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(describe(member) for member in arguments))
    if annotation in (types.NoneType, None):
        return "none"
    if origin is tuple and arguments:
        return "(" + ", ".join("..." if member is Ellipsis else describe(member) for member in arguments) + ")"
    if made := [name for name, cls in sorted(allowed().items()) if _is_made_of(cls, annotation)]:
        return " or ".join(f"{name}(...)" for name in made)
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    return words.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _is_made_of(cls: type, annotation: Any) -> bool:
    """Whether `cls` makes values of the annotated type; a partial is made of whatever is built later."""
    if annotation is partial:
        return not is_dataclass(cls)
    return isinstance(annotation, type) and issubclass(cls, annotation) and not inspect.isabstract(cls)


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_show, value)) + ")"
    if children(value) or is_dataclass(value):
        return f"{value.func.__name__ if isinstance(value, partial) else type(value).__name__}(...)"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
