"""The architecture: which package may import which. docs/how-it-works.md shows the same value as a table."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import honmono


ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "honmono"


class Package(NamedTuple):
    """What one package of `honmono` is for, and which others it may import.

    by_name: packages below it in the table whose modules it may import by name while a function runs, never while it is
        itself imported.
    """

    question: str
    may_import: str = ""
    by_name: str = ""


# The foundation modules import only each other and may be imported by every package. A package imports only packages
# above it in this list.
FOUNDATION = ("errors", "randomness", "schedules", "devices", "files", "hooks")
PACKAGES = {
    "data": Package("on what does it learn?"),
    "networks": Package("by which networks?"),
    "runs": Package("where is it kept?"),
    "objectives": Package("what is minimised?", "data networks"),
    "metrics": Package("which number?", "data networks"),
    "reports": Package("how do I see it?", "runs"),
    # The only exception: a recipe is found by its name, and its JSON names networks that are in its file.
    # To import `recipes` as a package would be a circle, since every recipe is a value of `recipe`.
    "recipe": Package("what is a recipe?", "data networks runs objectives metrics", by_name="recipes"),
    "recipes": Package("which recipes are there?", "data networks objectives metrics recipe"),
    "generation": Package("what does it make?", "data networks runs metrics reports recipe"),
    "evaluation": Package("how good is it?", "data runs metrics recipe generation"),
    "training": Package(
        "how does it learn?", "data networks runs objectives metrics reports recipe generation evaluation"
    ),
    "studies": Package("what did the article find?", "data runs reports recipe generation evaluation training"),
    "benchmark": Package("how fast is it?", "data objectives recipe training"),
    "studio": Package("how do I use it in a browser?", "data runs metrics reports recipe recipes generation training"),
    "cli": Package(
        "what do I type?", "data runs reports recipe recipes generation evaluation training studies benchmark studio"
    ),
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")


def imports(path: Path, module_level: bool = False) -> Iterator[str]:
    """What a file imports of honmono, anywhere or while it is itself imported; "" for the top, without `honmono.`."""
    nodes = tree(path).body if module_level else ast.walk(tree(path))
    for node in nodes:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name.partition(".")[2] for name in names if f"{name}.".startswith("honmono."))


def test_nothing_else_is_at_the_top() -> None:
    top = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert top == {"__init__", "__main__", *FOUNDATION, *PACKAGES}
    assert len(FOUNDATION) + len(PACKAGES) <= 21  # the 21st: a server that starts processes goes into no other


def test_imports_follow_the_table() -> None:
    may = {name: {*FOUNDATION, name, *package.may_import.split()} for name, package in PACKAGES.items()}
    may |= {name: set(FOUNDATION) for name in FOUNDATION}
    against = [
        f"{name_of(path)} imports honmono.{module}"
        for path in modules()
        if (part := name_of(path).partition(".")[0]) in may
        for module in imports(path)
        if module.partition(".")[0] not in may[part]
    ]
    assert not against, "\n".join(against)


def test_imports_by_name_follow_the_table() -> None:
    """Strings such as "honmono.recipes", which `import_module` takes; the public names are in a table of their own."""
    against = [
        f"{name_of(path)} names honmono.{module}"
        for path in modules()
        if (package := PACKAGES.get(name_of(path).partition(".")[0]))
        for module in named(path)
        if module not in {*FOUNDATION, path.relative_to(PACKAGE).parts[0]}
        and module not in f"{package.may_import} {package.by_name}".split()
    ]
    assert not against, "\n".join(against)


def named(path: Path) -> Iterator[str]:
    """The package or foundation module of every string that is a module's name, the rest of it variable or not."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if found := re.fullmatch(r"honmono\.(\w+)(\.\w+)*[.:]?\w*", node.value):
                yield found[1]


def test_the_table_has_no_circle() -> None:
    above: set[str] = set()
    for name, package in PACKAGES.items():
        assert set(package.may_import.split()) <= above, f"{name} may import what comes after it"
        assert not set(package.by_name.split()) & above, f"{name} may import {package.by_name} as usual"
        above.add(name)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Counted are imports at the top of a file, which run while it is itself imported."""
    known = {name_of(path): path for path in modules()}
    waits = {name: set(of_module(path, known)) - {name} for name, path in known.items()}
    while waits:
        ready = {name for name, others in waits.items() if not others & set(waits)}
        assert ready, f"in a circle: {sorted(waits)}"
        waits = {name: others for name, others in waits.items() if name not in ready}


def of_module(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules that a file imports at its top: `data.base` for `from honmono.data.base import Batch`."""
    for name in imports(path, module_level=True):
        yield name if name in known else name.rpartition(".")[0]


def test_the_public_names_are_in_one_table() -> None:
    (block,) = (node for node in tree(PACKAGE / "__init__.py").body if isinstance(node, ast.If))
    checked = {
        alias.asname: f"{node.module}:{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert checked == honmono.LAZY and set(honmono.__all__) == set(checked)


def table() -> str:
    """The packages as docs/how-it-works.md shows them."""
    rows = []
    for name, package in PACKAGES.items():
        others = [f"`{one}`" for one in package.may_import.split()]
        others += [f"`{one}` (by name)" for one in package.by_name.split()]
        rows.append(f"| `{name}` | {package.question} | {' '.join(others)} |")
    return "\n".join(["| package | question | may import |", "|---|---|---|", *rows])


def test_the_docs_show_the_table() -> None:
    page = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    assert table() in page, f"docs/how-it-works.md should hold:\n{table()}"
    assert ", ".join(f"`{name}`" for name in FOUNDATION) in page
