"""The shape of the project: how long things may be, and what stays out. Who may import whom: test_architecture.py."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pytest


ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "honmono"

# What only the engine may touch: devices, ranks, precision and compilation.
ENGINE_ONLY = {
    *("amp", "autocast", "backends", "compile", "cuda", "distributed", "mps", "set_num_threads"),
    *("use_deterministic_algorithms", "set_float32_matmul_precision"),
}
ENGINE = {
    "training/engine.py": "it is the engine",
    "devices.py": "it tries the compiler for the engine",
    "runs/environment.py": "it records the devices' names",
}

# Over budget, each with its reason: "src/honmono/x.py" up to 400 lines, "src/honmono/x.py:function" up to 80.
LONG: dict[str, str] = {
    "benchmarks/articles/realness_gan.py:__init__": "the article's own: its files are read beside their articles",
    "src/honmono/cli/evaluate.py:evaluate": "one entry for each of the command's options, and little else",
    "src/honmono/cli/train.py:train": "one entry for each of the command's options, and little else",
    "src/honmono/recipes/realness.py": "an article's players and its paper's, beside their recipes",
}
BUDGET = {"file": (300, 400), "function": (40, 80), "recipe": (30, 30)}
PAGES = {"README.md": 150, "CONTRIBUTING.md": 120}

HEAVY = {
    *("torch", "numpy", "scipy", "sklearn", "PIL", "matplotlib", "safetensors"),
    *("datasets", "huggingface_hub", "tensorboard", "wandb", "onnx", "onnxscript", "onnxruntime"),
}
MACHINE_PATH = re.compile(r"(?<![\w.~:/-])/(home|root|Users|tmp)/")
ABSOLUTE_PATH = re.compile(r"""(?<![^\s"'=])(?:/|[A-Za-z]:\\)[\w.-]+[/\\][^\s"']*""")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def project_files() -> Iterator[Path]:
    """The project's own files: not what was built, nor what a user left at the root."""
    yield from (path for path in sorted(ROOT.glob("*")) if path.suffix in {".md", ".toml", ".txt"})
    yield from (ROOT / name for name in ("Makefile", "LICENSE", ".gitignore", ".pre-commit-config.yaml"))
    for folder in (".ci", "src", "tests", "benchmarks", "docs"):
        files = sorted(path for path in (ROOT / folder).rglob("*") if path.is_file())
        yield from (path for path in files if path.suffix != ".pyc" and "egg-info" not in str(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_only_the_engine_knows_devices_ranks_precision_and_compilation() -> None:
    against = [
        f"{name_of(path)}:{line} uses torch.{name}; ask devices.py or training/engine.py for it"
        for path in python_files("src")
        if path.relative_to(PACKAGE).as_posix() not in ENGINE
        for name, line in torch_names(path)
        if name in ENGINE_ONLY
    ]
    assert not against, "\n".join(against)


def torch_names(path: Path) -> Iterator[tuple[str, int]]:
    """What a file takes from torch, by first name: `cuda` for `torch.cuda.synchronize()`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "torch":
            yield node.attr, node.lineno
        elif isinstance(node, ast.Import):
            taken = [alias.name.split(".") for alias in node.names]
            yield from ((name[1], node.lineno) for name in taken if name[0] == "torch" and len(name) > 1)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "torch":
            inner = node.module.split(".")[1:]
            yield from ((name, node.lineno) for name in inner or [alias.name for alias in node.names])


def lengths() -> Iterator[tuple[str, str, int]]:
    """Every file and function: its kind, its name and its lines (a function's from `def` to its end)."""
    for path in python_files("src", "tests", "benchmarks"):
        yield "file", name_of(path), len(path.read_text(encoding="utf-8").splitlines())
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                kind = "recipe" if any(map(is_recipe, node.decorator_list)) else "function"
                yield kind, f"{name_of(path)}:{node.name}", node.end_lineno - node.lineno + 1


def is_recipe(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Name) and called.id == "recipe"


def test_files_and_functions_keep_their_budgets() -> None:
    over = [
        f"{name}: {count} lines, {BUDGET[kind][name in LONG]} at most"
        for kind, name, count in lengths()
        if count > BUDGET[kind][name in LONG]
    ]
    assert not over, "\n".join(over)


def test_every_exception_is_still_one() -> None:
    long = {name for kind, name, count in lengths() if count > BUDGET[kind][0]}
    assert set(LONG) <= long, f"no longer over budget: {sorted(set(LONG) - long)}"
    assert all((PACKAGE / name).is_file() for name in ENGINE)


@pytest.mark.parametrize("page", PAGES)
def test_pages_stay_short(page: str) -> None:
    assert len((ROOT / page).read_text(encoding="utf-8").splitlines()) <= PAGES[page]


def test_files_are_named_for_what_they_hold() -> None:
    vague = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
    found = [name_of(path) for path in python_files("src", "tests", "benchmarks") if path.name in vague]
    assert not found, f"name these for what is in them: {found}"


def test_no_file_postpones_its_annotations() -> None:
    """jaxtyping needs real annotations: `from __future__ import annotations` would make them strings."""
    for path in python_files("src", "tests", "benchmarks"):
        froms = [node.module for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom)]
        assert "__future__" not in froms, name_of(path)


def test_no_big_files_and_no_paths_of_one_machine() -> None:
    for path in project_files():
        content = path.read_bytes()
        assert len(content) <= 2**20, f"{name_of(path)} is larger than 1 MiB"
        found = MACHINE_PATH.search(content.decode("utf-8", errors="replace")) if b"\0" not in content else None
        assert found is None, f"{name_of(path)} names a path of one machine: {found}"


def test_results_of_benchmarks_name_no_folder_of_a_machine() -> None:
    results = sorted((ROOT / "benchmarks" / "results").glob("*.json"))
    found = {path.name: ABSOLUTE_PATH.findall(path.read_text(encoding="utf-8")) for path in results}
    assert results and {name: paths for name, paths in found.items() if paths} == {}


def test_the_command_imports_nothing_heavy() -> None:
    code = f"import sys, honmono, honmono.cli; print(*sorted({HEAVY!r} & set(sys.modules)))"
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


def test_no_class_overrides_a_concrete_method() -> None:
    """But constructors, which call their base's, and hooks."""
    classes = {node.name: node for path in python_files("src") for node in ast.walk(tree(path)) if is_class(node)}
    against = [
        f"{name}.{method} overrides {base}'s: make that one abstract"
        for name, node in classes.items()
        for base in bases_of(node, classes)
        for method in methods_of(node).keys() & methods_of(classes[base]).keys()
        if method != "__init__" and not methods_of(classes[base])[method] & {"abstractmethod", "hook"}
    ]
    assert len(classes) > 100 and not against, "\n".join(against)


def is_class(node: ast.AST) -> TypeGuard[ast.ClassDef]:
    return isinstance(node, ast.ClassDef)


def bases_of(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> set[str]:
    """The names of all the project's classes that a class is derived from."""
    direct = {base.id for base in node.bases if isinstance(base, ast.Name) and base.id in classes}
    return direct.union(*(bases_of(classes[base], classes) for base in direct))


def methods_of(node: ast.ClassDef) -> dict[str, set[str]]:
    """Each method's name and the names of its decorators."""
    functions = [part for part in node.body if isinstance(part, ast.FunctionDef)]
    return {one.name: {d.id for d in one.decorator_list if isinstance(d, ast.Name)} for one in functions}


def test_hooks_have_trivial_bodies() -> None:
    """A hook returns a constant or its argument, and its class is abstract."""
    found = 0
    for path in python_files("src"):
        for node in filter(is_class, ast.walk(tree(path))):
            for method in (part for part in node.body if isinstance(part, ast.FunctionDef)):
                if any(isinstance(one, ast.Name) and one.id == "hook" for one in method.decorator_list):
                    found += 1
                    *documentation, last = method.body
                    assert len(documentation) <= 1 and isinstance(last, ast.Return), f"{node.name}.{method.name}"
                    assert not any(isinstance(part, ast.Call) for part in ast.walk(last)), f"{node.name}.{method.name}"
    assert found > 0
