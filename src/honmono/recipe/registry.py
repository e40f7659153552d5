"""Register recipes by a decorator, and find them by name: those of honmono, and those in a user's own file."""

import hashlib
import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from honmono.errors import Refused, did_you_mean
from honmono.recipe.value import Recipe


@dataclass(frozen=True)
class Entry:
    """A registered recipe: its name, its source, and the function that makes it.

    quirks: where it differs from common practice, each with the field that changes it.
    tiny: `--set` changes under which tests run it in seconds.
    file: the source file; None for a recipe given as a value.
    """

    name: str
    source: str
    data: str
    summary: str
    make: Callable[[], Recipe]
    file: Path | None
    quirks: tuple[str, ...] = ()
    tiny: Mapping[str, str] = field(default_factory=dict)


def recipe(
    name: str,
    *,
    source: str,
    data: str,
    summary: str,
    quirks: tuple[str, ...] = (),
    tiny: Mapping[str, str],
) -> Callable[[Callable[[], Recipe]], Callable[[], Recipe]]:
    """Registers a function that returns a `Recipe`.

    All arguments must be literals: `honmono list` reads them from the source without importing it.
    """

    def register(make: Callable[[], Recipe]) -> Callable[[], Recipe]:
        file = Path(make.__code__.co_filename)
        entry = Entry(name, source, data, summary, make, file, quirks, tiny)
        make.entry = entry  # type: ignore[attr-defined]
        return make

    return register


@cache
def entries() -> dict[str, Entry]:
    """Every recipe that comes with honmono, by name, in alphabetical order."""
    found: dict[str, Entry] = {}
    package = importlib.import_module("honmono.recipes")
    for module in pkgutil.iter_modules(package.__path__):
        for entry in _entries_of(importlib.import_module(f"honmono.recipes.{module.name}")):
            assert entry.name not in found, f"two recipes are named {entry.name}"
            found[entry.name] = entry
    return dict(sorted(found.items()))


def find(name: str) -> Entry:
    """The recipe of that name, or the one in `path/to/mine.py:function`."""
    if ".py:" in name or name.endswith(".py"):
        return _from_file(name)
    if module := importlib.import_module("honmono.recipes").module_of(name):  # imports only the module that defines it
        return next(one for one in _entries_of(importlib.import_module(module)) if one.name == name)
    built_in = name.partition(":")[0] in ("digits", "grid", "ring", "stacked-mnist")
    if Path(name).exists() or built_in:
        raise Refused(f"'{name}' is data, not a recipe: honmono train --data {name}")
    raise Refused(f"no recipe is named '{name}'{did_you_mean(name, entries())} (honmono list shows all)")


def _entries_of(module: Any) -> list[Entry]:
    made_here = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
    return [value.entry for value in made_here if isinstance(getattr(value, "entry", None), Entry)]


def _from_file(name: str) -> Entry:
    path, _, function = name.rpartition(":") if ".py:" in name else (name, "", "")
    file = Path(path)
    if not file.is_file():
        raise Refused(f"{path} does not exist: name a file with a recipe, as path/to/mine.py:function")
    module = import_file(file.resolve())
    made: dict[str, Any] = {
        attribute: value
        for attribute, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    }
    if function not in made:
        functions = {n: value for n, value in sorted(made.items()) if inspect.isfunction(value)}
        choices = [n for n, value in functions.items() if hasattr(value, "entry")] or list(functions)
        raise Refused(
            f"{path} has no recipe function '{function}'; name one as {path}:{' or '.join(choices) or 'NAME'}"
        )
    entry = getattr(made[function], "entry", None)
    entry = entry or Entry(function.replace("_", "-"), str(path), "", "", made[function], file.resolve())
    parameters = inspect.signature(entry.make).parameters.values()
    with _user_code_errors(file.resolve()):
        returns_recipe = all(one.default is not one.empty for one in parameters) and isinstance(entry.make(), Recipe)
    if not returns_recipe:
        raise Refused(f"{name} is not a recipe: it must be a function without required arguments that returns a Recipe")
    return entry


@cache
def import_file(file: Path) -> Any:
    """Imports a file that the user named, which runs its code."""
    path = hashlib.blake2b(os.fsencode(file), digest_size=4).hexdigest()  # several files may be named recipe.py
    spec = importlib.util.spec_from_file_location(f"honmono_recipe_{file.stem}_{path}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where torch.compile, and dataclasses with annotations as text, look for it
    with _user_code_errors(file):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _user_code_errors(file: Path) -> Iterator[None]:
    """Turns any error of the user's code into a `Refused` that names the line in the file."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = lines[-1] if lines else getattr(error, "lineno", None)  # a SyntaxError has no frame in the file
        where = f" (line {line})" if line else ""
        raise Refused(f"{file} raised an error: {type(error).__name__}: {error}{where}") from error
