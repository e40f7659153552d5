"""The list of recipes, read from their source without importing it, so that `honmono list` is fast."""

import ast
from collections.abc import Iterator
from pathlib import Path


COLUMNS = ("name", "source", "data", "summary")


def catalogue() -> list[dict[str, str]]:
    """Name, source, data and summary of every recipe that comes with honmono, in alphabetical order."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return sorted((row for file in files for row in _rows(file)), key=lambda row: row["name"])


def module_of(name: str) -> str | None:
    """The module that defines the recipe of that name; None if there is none."""
    for file in sorted(Path(__file__).parent.glob("*.py")):
        if any(row["name"] == name for row in _rows(file)):
            return f"honmono.recipes.{file.stem}"
    return None


def _rows(file: Path) -> Iterator[dict[str, str]]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for call in node.decorator_list:
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "recipe":
                literals = {word.arg: word.value for word in call.keywords} | {"name": call.args[0]}
                yield {column: ast.literal_eval(literals[column]) for column in COLUMNS}
